"""Damage that knows nothing of the file: bits, blocks, cuts, splices."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.fuzz.interesting import WHOLE

Blind = Callable[[Random, bytes], bytes]
_HEADS = 4096  # where most of what is read lies


def _place(random: Random, data: bytes) -> int:
    """A place in the file, near its beginning more often than not."""
    end = min(len(data), _HEADS) if random.random() < 0.35 else len(data)
    return random.randrange(max(end, 1))


def _size(random: Random) -> int:
    return random.choice((1, 2, 4, 8, 17, 64, 512, 4096, 65536))


def truncated(random: Random, data: bytes) -> bytes:
    return data[: _place(random, data)]


def few_bits(random: Random, data: bytes) -> bytes:
    return _flipped(random, data, random.choice((1, 1, 2, 4, 8)))


def many_bits(random: Random, data: bytes) -> bytes:
    return _flipped(random, data, max(1, len(data) // random.choice((10, 100, 1000, 10000))))


def _flipped(random: Random, data: bytes, count: int) -> bytes:
    changed = bytearray(data)
    for _ in range(min(count, 5000) if data else 0):
        changed[_place(random, data)] ^= 1 << random.randrange(8)
    return bytes(changed)


def overwritten(random: Random, data: bytes) -> bytes:
    at, size = _place(random, data), _size(random)
    put = random.choice((b"\0" * size, b"\xff" * size, random.randbytes(size)))
    return data[:at] + put + data[at + size :]


def deleted(random: Random, data: bytes) -> bytes:
    at = _place(random, data)
    return data[:at] + data[at + _size(random) :]


def inserted(random: Random, data: bytes) -> bytes:
    at, size = _place(random, data), _size(random)
    return data[:at] + random.choice((b"\0" * size, random.randbytes(size))) + data[at:]


def duplicated(random: Random, data: bytes) -> bytes:
    at, size = _place(random, data), _size(random)
    return data[:at] + data[at : at + size] * random.choice((2, 2, 3, 10)) + data[at + size :]


def moved(random: Random, data: bytes) -> bytes:
    """A block copied over another place."""
    at, to, size = _place(random, data), _place(random, data), _size(random)
    return data[:to] + data[at : at + size] + data[to + size :]


def number_put(random: Random, data: bytes) -> bytes:
    """An interesting number of 16 or 32 bits at any place."""
    at, size = _place(random, data), random.choice((2, 4))
    value = random.choice((*WHOLE, 2**31 - 1, 2**31, 2**32 - 1)) % 256**size
    return data[:at] + value.to_bytes(size, random.choice(("little", "big"))) + data[at + size :]


BLIND: tuple[Blind, ...] = (
    *(truncated, few_bits, few_bits, many_bits, overwritten, deleted, inserted, duplicated),
    *(moved, number_put, number_put),
)
