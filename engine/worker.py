"""The engine's process: answers one request after another until its parent goes away.

Started by :class:`engine.process.EngineProcess` as ``python -m engine.worker``.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.process import Ready, Warm, serve
from engine.results import Explanation, Refusal, Request


@lru_cache(maxsize=4)
def _explainer(path: Path, device_wish: str, changed: int) -> Any:
    """Loaded once for each model; ``changed`` (mtime) makes a replaced model load anew."""
    from engine.checkpoint import choose_device, load_model
    from engine.explainer import Explainer

    return Explainer.prepare(load_model(path), choose_device(device_wish))


def _prepared(path: Path, device_wish: str) -> Any:
    from engine.checkpoint import model_files

    changed = max((file.stat().st_mtime_ns for file in model_files(path)), default=0)
    return _explainer(path, device_wish, changed)


def _answer(message: Request | Warm) -> Explanation | Ready | Refusal:
    from engine.errors import EngineError

    try:
        import torch

        from engine.explanation import explain

        explainer = _prepared(message.model, message.device)
        if isinstance(message, Warm):
            return Ready(explainer.device_name, str(torch.__version__))
        return explain(
            explainer,
            message.image,
            message.method,
            message.target,
            message.with_classes,
            message.modality,
            message.aspect_ratio,
        )
    except EngineError as error:
        return Refusal(f"{error}.")
    except ImportError as error:
        return Refusal(f"The engine cannot start: {error}. Set the program up again.")
    except MemoryError:
        return Refusal("The engine ran out of memory on this image; close other programs.")
    except RuntimeError as error:
        if "out of memory" in str(error):
            return Refusal("The GPU has too little free memory for this; choose the CPU instead.")
        return Refusal(f"The engine failed on this request ({type(error).__name__}: {error}).")
    except Exception as error:
        return Refusal(f"The engine did not expect this ({type(error).__name__}: {error}).")


if __name__ == "__main__":
    sys.exit(serve(_answer))
