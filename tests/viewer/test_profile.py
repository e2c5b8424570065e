"""Every layer's response at a point, held against what the maps say there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.factories.engines import ENGINE
from tests.viewer.test_render import explanation
from viewer.panels.plotting import PlotLoader
from viewer.panels.profile import Depths, ProfilePanel
from viewer.render.overlay import OverlayMaker
from viewer.render.style import OverlayStyle
from viewer.state.lane import Lane
from viewer.state.session import Session
from viewer.state.workbench import Workbench

RAW = OverlayStyle(smoothing=0.0)


def maker() -> OverlayMaker:
    """Three layers over a frame of 320 × 320: 2 of 4, -3 of 6, and nothing under (45, 85)."""
    maps = [np.zeros((32, 32)) for _ in range(3)]
    maps[0][8, 4], maps[0][0, 0] = 2.0, 4.0
    maps[1][8, 4], maps[1][0, 0] = -3.0, 6.0
    return OverlayMaker(explanation(*maps, frame=(320, 320)))


def test_values_are_shares_of_each_layers_own_maximum() -> None:
    depths = Depths.of(maker(), RAW)
    values = depths.at(45, 85)
    assert values.tolist() == [2.0, 0.0, 0.0]
    assert depths.shares(values).tolist() == [0.5, 0.0, 0.0]
    signed = Depths.of(maker(), OverlayStyle(smoothing=0.0, signed=True))
    assert signed.shares(signed.at(45, 85)).tolist() == [0.5, -0.5, 0.0]


def test_shares_are_those_of_the_overlays() -> None:
    made = maker()
    style = OverlayStyle(smoothing=1.0)
    depths = Depths.of(made, style)
    for index in range(2):
        overlay = made.overlay(index, style)
        assert depths.at(13, 21)[index] == overlay.value_at(13, 21)
        assert depths.maxima[index] == pytest.approx(overlay.maximum)


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    """With a panel in a window of its own; the workbench starts no engine."""
    session = Session()
    workbench = Workbench(session, "cpu", engine=ENGINE)
    panel = ProfilePanel(workbench)
    panel.setObjectName("panel")
    qtbot.addWidget(panel)
    panel.resize(330, 380)
    panel.show()
    session.set_style(RAW)
    yield session
    for lane in panel.findChildren(Lane):
        lane.close()
    for loader in panel.findChildren(PlotLoader):
        loader.close()
    workbench.close()
    panel.deleteLater()
    workbench.deleteLater()
    session.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def panel_of() -> ProfilePanel:
    (found,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, ProfilePanel)]
    return found


def test_the_point_under_the_cursor_is_drawn_and_kept(qtbot: QtBot, session: Session) -> None:
    panel = panel_of()
    assert "No response" in panel.line.text()
    session.set_explanation(maker())
    session.set_layer(0)
    assert "Move over the scan" in panel.line.text()
    session.set_cursor((45.0, 85.0))
    qtbot.waitUntil(lambda: panel.shares.tolist() == [0.5, 0.0, 0.0])
    assert panel.line.text() == "x 45  y 85 · layer1: 2, 50% of its maximum"
    session.set_cursor(None)
    assert panel.line.text().startswith("Last point, the cursor has left: x 45  y 85")
    assert panel.shares.tolist() == [0.5, 0.0, 0.0]
    session.change_style(signed=True)
    qtbot.waitUntil(lambda: panel.shares.tolist() == [0.5, -0.5, 0.0])
    session.clear_explanation()
    assert len(panel.shares) == 0


def test_a_click_shows_the_layer_at_that_depth(qtbot: QtBot, session: Session) -> None:
    panel = panel_of()
    session.set_explanation(maker())
    session.set_cursor((45.0, 85.0))
    qtbot.waitUntil(lambda: panel.plot is not None and panel.plot.isVisible(), timeout=20_000)
    box = panel.plot.box
    qtbot.waitUntil(lambda: box.viewRange()[0][1] > 2.9)
    panel.show_nearest(box.mapViewToScene(QPointF(2.1, 0.5)))
    assert session.layer_index == 1
    assert session.style.visible
