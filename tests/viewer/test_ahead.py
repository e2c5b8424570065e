"""Contours are made while the hand rests, for the layers around."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.viewer.test_render import explanation
from viewer.render.overlay import OverlayMaker
from viewer.render.style import OverlayStyle
from viewer.state.ahead import Ahead
from viewer.state.session import Session


def deep(count: int) -> OverlayMaker:
    random = np.random.default_rng(3)
    made = explanation(random.random((32, 32), np.float32), frame=(64, 64))
    layers = tuple(
        replace(made.layers[0], name=f"layer{n}", values=random.random((32, 32), np.float32))
        for n in range(count)
    )
    return OverlayMaker(replace(made, layers=layers))


def cut_already(maker: OverlayMaker, style: OverlayStyle) -> list[int]:
    """The layers whose contours at the threshold are there."""
    found = []
    for index in range(len(maker.explanation.layers)):
        values, at = maker.values(index, 1.0), style.threshold * maker.maximum(index, style)
        if any(of is values and level == at for of, level, _ in maker._cuts):
            found.append(index)
    return found


def test_layers_around_are_cut_if_their_maps_are_ready() -> None:
    maker, style = deep(40), OverlayStyle(threshold=0.4)
    assert not maker.cut_around(3, style)
    for index in (2, 3, 30):
        maker.values(index, style.smoothing)
    assert not maker.cut_around(3, style), "the others are still being smoothed"
    for index in range(40):
        maker.values(index, style.smoothing)
    assert cut_already(maker, style) == [2, 3], "of those that were ready the near ones"
    assert maker.cut_around(3, style)
    assert cut_already(maker, style) == list(range(20))
    shared = replace(style, shared_range=True)
    assert maker.cut_around(3, shared)
    assert cut_already(maker, shared) == list(range(20))
    assert not maker.cut_around(3, replace(style, smoothing=2.0))


def test_another_smoothing_meanwhile_costs_no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    maker, style = deep(6), OverlayStyle(threshold=0.4)
    for index in range(6):
        maker.values(index, style.smoothing)
    cut = maker._cut

    def cut_while_the_slider_moves(*given: Any) -> Any:
        maker.values(0, 2.0)
        return cut(*given)

    monkeypatch.setattr(maker, "_cut", cut_while_the_slider_moves)
    assert maker.cut_around(0, style)
    kept_factor, kept = maker._kept
    assert (kept_factor, list(kept)) == (2.0, [(0, False)])


def test_maps_that_are_not_ready_are_waited_for(qtbot: QtBot) -> None:
    session = Session()
    ahead = Ahead(session, session)
    maker = deep(6)
    session.set_explanation(maker)
    session.change_style(visible=True, threshold=0.5)
    maker.values(0, 1.0)
    qtbot.wait(300)
    for index in range(6):
        maker.values(index, 1.0)
    qtbot.waitUntil(lambda: len(cut_already(maker, session.style)) == 6, timeout=10_000)
    session.clear_explanation()
    ahead._begin()
    assert ahead._done == (), "nothing keeps the answer"
    ahead._lane.close()


def test_what_was_made_ahead_is_what_would_be_made() -> None:
    style = OverlayStyle(threshold=0.6)
    ahead, fresh = deep(4), deep(4)
    for index in range(4):
        ahead.values(index, style.smoothing)
    assert ahead.cut_around(0, style)
    for index in range(4):
        one, other = ahead.overlay(index, style), fresh.overlay(index, style)
        assert all(map(np.array_equal, one.lines, other.lines))
        assert (one.area, one.mass) == (other.area, other.mass)


def test_a_session_is_followed_while_the_hand_rests(qtbot: QtBot) -> None:
    session = Session()
    ahead = Ahead(session, session)
    maker = deep(6)
    for index in range(6):
        maker.values(index, session.style.smoothing)
    session.set_explanation(maker)
    session.change_style(visible=True, threshold=0.5)
    qtbot.waitUntil(lambda: len(cut_already(maker, session.style)) == 6, timeout=10_000)
    before = maker._cuts
    session.set_layer(4)
    qtbot.wait(400)
    assert maker._cuts is before, "nothing is left to do for a step"
    session.change_style(threshold=0.7)
    qtbot.waitUntil(lambda: len(cut_already(maker, session.style)) == 6, timeout=10_000)
    ahead._lane.close()
