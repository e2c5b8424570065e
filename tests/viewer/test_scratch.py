"""Memory that is used again."""

from __future__ import annotations

import numpy as np

from viewer.canvas.scratch import Scratch


def test_what_was_taken_is_apart_until_it_is_freed() -> None:
    memory = Scratch()
    for _ in range(3):
        memory.free()
        first = memory.zeros((30, 50), np.uint8)
        second = memory.take((7, 9), np.uint32)
        third = memory.take((4,), np.float64)
        second.fill(5)
        third.fill(2.5)
        assert not first.any()
        assert (second == 5).all()
        assert first.shape == (30, 50)
        assert second.dtype == np.uint32
        assert third.tolist() == [2.5] * 4
        assert not np.shares_memory(first, second)


def test_memory_is_used_again_and_grows_with_what_is_needed() -> None:
    memory = Scratch()
    memory.take((1000,), np.uint8)
    memory.free()
    first = memory.take((500,), np.uint8)
    memory.free()
    assert np.shares_memory(first, memory.take((900,), np.uint8))
    memory.free()
    memory.take((20_000,), np.uint8)
    memory.free()
    assert np.shares_memory(memory.take((9000,), np.uint8), memory.take((9000,), np.uint8)) is False
    memory.free()
    large = memory.take((20_000,), np.uint8)
    assert large.base is not None, "there is room for as much as was needed"


def test_far_too_much_memory_is_given_back() -> None:
    memory = Scratch()
    memory.take((270 << 20,), np.uint8)
    memory.free()
    assert memory._block.size == 0
    memory.take((200 << 20,), np.uint8)
    memory.free()
    assert memory._block.size >= 200 << 20
    memory.take((100,), np.uint8)
    memory.free()
    assert memory._block.size < 10 << 20
