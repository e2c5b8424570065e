"""The engine's process: answers one question after another until its parent goes away.

Started by :class:`engine.process.EngineProcess` as ``python -m engine.worker``.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

from engine.process import Ready, Warm, serve
from engine.questions import Question
from engine.results import Refusal


@lru_cache(maxsize=1)
def _desk() -> Any:
    """Made with the first message: torch is imported then, and a failure of that is an answer."""
    from engine.answering import Desk

    return Desk()


def _answer(message: Question | Warm) -> Any:
    from engine.errors import EngineError

    try:
        import torch

        if isinstance(message, Warm):
            return Ready(_desk().explainer(message.network).device_name, str(torch.__version__))
        return _desk().answer(message)
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
