"""A reader's process that dies, hangs or takes memory when the name of a file says so; else it
answers as the real one does. Started as ``python -m tests.factories.moody_reader``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from engine.process import serve
from viewer.reading import worker
from viewer.reading.limits import limit_this_process, reader_bytes
from viewer.reading.process import ReadHeaders

HUNDRED_GIGABYTES = 100 * 1000**3


def _act(path: Path) -> None:
    if "kills" in path.name:
        os._exit(7)
    if "hangs" in path.name:
        time.sleep(600)


def answer(message: worker.Message) -> worker.Answer:
    for path in message.paths if isinstance(message, ReadHeaders) else [message.path]:
        _act(path)
    return worker.answer(message)


def read_or_allocate(path: Path, index: int = 0) -> object:
    if "takes memory" in path.name:
        return bytearray(HUNDRED_GIGABYTES)
    return read(path, index)


if __name__ == "__main__":
    limit_this_process(reader_bytes())
    read, worker._frames.read = worker._frames.read, read_or_allocate  # type: ignore[method-assign]
    sys.exit(serve(answer))
