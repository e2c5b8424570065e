"""Kernels of a layer and of a region, through the real session, workbench and engine."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QDockWidget
from pytestqt.qtbot import QtBot

import resources
from engine.checkpoint import choose_device, load_model
from engine.explainer import Explainer, Observed, observe
from engine.kernels import kernel_maps, rank_by_activation, rank_by_class, region_masses
from engine.presets import DEFAULT_PRESET, PRESETS
from engine.rasters import coverage
from engine.results import KernelScore
from engine.shapes import Shape, box
from tests.factories.engines import ENGINE
from tests.viewer.conftest import Drive
from viewer.actions import ACTIONS
from viewer.main_window import MainWindow
from viewer.panels.kernels import KernelsPanel
from viewer.state.following import current
from viewer.state.kernel_search import KernelSearch
from viewer.state.session import Session
from viewer.state.workbench import Workbench
from viewer.verbs import kernels as verbs
from viewer.wiring import make_window

Bench = tuple[Session, Workbench, KernelsPanel]
_PATIENCE = 60_000  # milliseconds


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    """The panel on screen, the first image of the sample study explained by the shallow model."""
    session = Session()
    session.model = "shallow"
    workbench = Workbench(session, "cpu", engine=ENGINE)
    panel = KernelsPanel(workbench)
    panel.resize(320, 600)
    panel.show()
    try:
        workbench.open_paths(resources.sample_files()[:1])
        wait(qtbot, lambda: session.explanation is not None)
        yield session, workbench, panel
    finally:
        workbench.close()
        for owner in (panel, workbench, session):
            owner.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def wait(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=_PATIENCE)


def complete(kernels: KernelSearch) -> bool:
    return bool(kernels.tiles) and len(kernels.tiles) == kernels.goal and not kernels.busy


def in_process(session: Session) -> tuple[Explainer, Observed]:
    """What the same model sees in the same input, in this process."""
    explanation = session.explanation
    assert explanation is not None
    model = load_model(resources.model_folder(session.model))
    explainer = Explainer.prepare(model, choose_device("cpu"))
    return explainer, observe(explainer, explanation.input_image, explanation.geometry)


def numbers(scores: tuple[KernelScore, ...]) -> list[tuple[str, int]]:
    return [(score.layer, score.kernel) for score in scores]


def region_of(session: Session) -> Shape:
    assert session.open is not None
    height, width = session.open.frame.size
    return box(0.3 * width, 0.3 * height, 0.6 * width, 0.55 * height)


def test_the_ranking_and_the_maps_are_those_of_the_engine(qtbot: QtBot, bench: Bench) -> None:
    session, workbench, panel = bench
    kernels = workbench.kernels
    wait(qtbot, lambda: complete(kernels))
    assert session.layer is not None
    assert session.explanation is not None
    layer, target = session.layer.name, session.explanation.target
    explainer, observed = in_process(session)
    assert numbers(kernels.scores) == numbers(rank_by_class(explainer, observed, [layer], target))
    first = kernels.scores[0].kernel
    maps = next(kernel_maps(explainer, observed, session.method, layer, [first], target))
    qtbot.mouseClick(
        panel.grid.grid.viewport(),
        Qt.MouseButton.LeftButton,
        pos=panel.grid.grid.visualRect(panel.grid.tiles.index(0, 0)).center(),
    )
    wait(qtbot, lambda: session.kernel is not None)
    assert session.kernel is not None
    assert session.kernel.kernel == first
    np.testing.assert_allclose(session.kernel.values, maps.values[0], rtol=1e-4, atol=1e-7)
    row = panel.grid.ranking.findData("activation")
    panel.grid.ranking.activated.emit(row)
    wait(qtbot, lambda: complete(kernels))
    assert numbers(kernels.scores) == numbers(rank_by_activation(explainer, observed, [layer]))


def test_a_row_comes_first_then_the_rest_and_more_if_wanted(qtbot: QtBot, bench: Bench) -> None:
    _, workbench, panel = bench
    kernels = workbench.kernels
    counts: list[int] = []
    kernels.mapsChanged.connect(lambda: counts.append(panel.grid.tiles.rowCount()))
    wait(qtbot, lambda: complete(kernels))
    steps = [count for count in counts if count]
    assert steps[0] == 4
    assert steps == sorted(set(steps))
    assert steps[-1] == kernels.goal == min(24, len(kernels.scores))
    assert f"{kernels.goal} of {len(kernels.scores)} kernels" in panel.grid.heading.text()
    assert len(kernels.scores) > 24
    panel.grid.more.click()
    wait(qtbot, lambda: complete(kernels) and len(kernels.tiles) > 24)
    assert panel.grid.tiles.rowCount() == min(48, len(kernels.scores))


def test_another_layer_takes_the_tiles_of_the_last_one_away(qtbot: QtBot, bench: Bench) -> None:
    session, workbench, panel = bench
    kernels, seen = workbench.kernels, []
    wait(qtbot, lambda: len(kernels.tiles) >= 4)
    assert kernels.busy or complete(kernels)
    session.set_layer(1)
    assert kernels.tiles == ()
    assert panel.grid.tiles.rowCount() == 0
    kernels.mapsChanged.connect(lambda: seen.extend(tile.score.layer for tile in kernels.tiles))
    wait(qtbot, lambda: complete(kernels))
    assert session.layer is not None
    assert set(seen) == {session.layer.name}
    panel.hide()
    session.set_layer(2)
    assert not kernels.busy, "nothing is asked while nobody looks"
    assert kernels.scores == ()
    panel.show()
    wait(qtbot, lambda: complete(kernels))


def show_one_of_another_layer(qtbot: QtBot, bench: Bench) -> None:
    """Its layer becomes the chosen one."""
    session, workbench, panel = bench
    found = workbench.kernels.here.found
    assert found is not None
    assert session.layer is not None
    other = session.layer.name
    row = next(n for n, r in enumerate(found.rows) if r.score.layer != other)
    panel.here.list.setCurrentIndex(panel.here.rows.index(row, 0))
    qtbot.keyClick(panel.here.list, Qt.Key.Key_Return)
    wait(qtbot, lambda: session.kernel is not None)
    score = found.rows[row].score
    assert session.layer.name == score.layer
    assert session.overlay is not None
    assert session.overlay.layer.name == f"kernel {score.kernel} of {score.layer}"
    assert session.style.visible


def test_which_kernels_look_here_over_all_layers(qtbot: QtBot, bench: Bench) -> None:
    session, workbench, panel = bench
    here, region = workbench.kernels.here, region_of(session)
    session.audit.set_region(region)
    wait(qtbot, lambda: here.found is not None)
    assert panel.pages.currentWidget() is panel.here
    assert here.found is not None
    assert session.explanation is not None
    found, explanation = here.found, session.explanation
    explainer, observed = in_process(session)
    mask = np.zeros((1, *explanation.input_image.shape), np.float32)
    geometry = explanation.geometry
    geometry.crop(mask)[0] = coverage(region, geometry.frame_size, geometry.fitted_size)
    masses = region_masses(
        explainer, observed, session.method, mask, explainer.layers, explanation.target
    )
    every = sorted((float(m) for layer in masses.values() for m in layer[0]), reverse=True)
    assert found.total == len(every)
    assert found.layers == len(explanation.layers)
    scores = [row.score.score for row in found.rows]
    np.testing.assert_allclose(scores, every[: len(scores)], rtol=1e-3)
    best = found.rows[0]
    of_layer = masses[best.score.layer][0]
    assert best.share == pytest.approx(of_layer.max() / np.maximum(of_layer, 0).sum(), rel=1e-3)
    assert best.even == pytest.approx(1 / len(of_layer))
    assert panel.here.rows.rowCount() == len(found.rows)
    show_one_of_another_layer(qtbot, bench)
    session.audit.set_region(None)
    assert here.found is None
    assert not panel.here.list.isVisibleTo(panel)


def test_a_rule_that_is_not_linear_is_refused_and_the_way_out_works(
    qtbot: QtBot, bench: Bench
) -> None:
    session, workbench, panel = bench
    here = workbench.kernels.here
    session.audit.set_region(region_of(session))
    session.set_method(PRESETS["published ARM"])
    wait(qtbot, lambda: bool(here.refusal))
    assert "linear" in here.refusal
    assert panel.here.notice.label.text() == here.refusal
    assert panel.here.notice.button.isVisibleTo(panel.here)
    panel.here.notice.button.click()
    assert session.method == PRESETS[DEFAULT_PRESET]
    wait(qtbot, lambda: here.found is not None)
    assert here.refusal == ""


def test_a_kernel_is_the_overlay_until_the_layer_changes(qtbot: QtBot, bench: Bench) -> None:
    session, workbench, _ = bench
    kernels = workbench.kernels
    wait(qtbot, lambda: complete(kernels))
    whole, index = session.overlay, session.layer_index
    score = kernels.scores[1]
    kernels.choice.toggle(score.layer, score.kernel)
    wait(qtbot, lambda: session.kernel is not None)
    overlay = session.overlay
    assert overlay is not None
    assert whole is not None
    assert overlay.layer.native_shape == (1, *whole.layer.native_shape[1:])
    assert overlay.maximum == pytest.approx(float(overlay.values.max()))
    session.change_style(shared_range=True)
    assert session.overlay is not None
    assert session.overlay.maximum == overlay.maximum, "its range is its own"
    session.change_style(shared_range=False)
    session.set_layer(index - 1)
    assert session.kernel is None
    assert session.overlay is not None
    assert session.overlay.layer is session.layer
    assert kernels.choice.chosen is None


def test_ways_back_to_the_layer(qtbot: QtBot, bench: Bench) -> None:
    session, workbench, panel = bench
    kernels = workbench.kernels
    wait(qtbot, lambda: complete(kernels))
    first = kernels.scores[0].layer, kernels.scores[0].kernel

    def escape() -> None:
        none = Qt.KeyboardModifier.NoModifier
        key = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Escape, none)
        QApplication.sendEvent(panel.grid.grid, key)
        assert key.isAccepted(), "the panel takes the key before the window's own shortcut"
        qtbot.keyClick(panel.grid.grid, Qt.Key.Key_Escape)

    def other_class() -> None:
        assert session.explanation is not None
        session.set_target(session.explanation.predictions[1].name)

    for way in (
        lambda: kernels.choice.toggle(*first),
        escape,
        lambda: session.show_layer(session.layer_index),
        other_class,
    ):
        kernels.choice.choose(*first)
        wait(qtbot, lambda: session.kernel is not None)
        way()
        assert session.kernel is None
    kernels.choice.choose(*first)
    assert kernels.choice.chosen is None, "there is no answer to choose from yet"


def test_a_killed_engine_costs_one_retry(qtbot: QtBot, bench: Bench) -> None:
    session, workbench, _ = bench
    kernels = workbench.kernels
    wait(qtbot, lambda: complete(kernels))
    pid = workbench.engine.pid
    session.set_layer(0)
    assert kernels.busy
    workbench.engine.kill()
    wait(qtbot, lambda: complete(kernels))
    assert kernels.refusal == ""
    assert workbench.engine.pid not in (None, pid)


def test_words_where_nothing_can_be_asked(qtbot: QtBot, bench: Bench) -> None:
    session, workbench, panel = bench
    panel.grid.ranking.activated.emit(panel.grid.ranking.findData("region"))
    assert "Draw a region" in panel.grid.notice.label.text()
    panel.grid.notice.button.click()
    assert session.audit.tool.purpose == "ask"
    session.audit.set_blind(True)
    assert current(session) is None
    assert "impression" in panel.grid.notice.label.text()
    session.audit.set_blind(False)
    session.set_place(None)
    assert "Open an image" in panel.grid.notice.label.text()
    assert workbench.kernels.scores == ()


def test_tiles_are_made_again_for_other_colours_alone_and_dead_ones_are_said(
    qtbot: QtBot, bench: Bench
) -> None:
    session, workbench, panel = bench
    wait(qtbot, lambda: complete(workbench.kernels))
    tiles = workbench.kernels.tiles
    icon = panel.grid.tiles.index(0, 0).data(Qt.ItemDataRole.DecorationRole)
    session.set_style(replace(session.style, threshold=0.8, opacity=0.1))
    assert workbench.kernels.tiles is tiles
    again = panel.grid.tiles.index(0, 0).data(Qt.ItemDataRole.DecorationRole)
    assert again.cacheKey() == icon.cacheKey()
    session.change_style(colour_map="viridis")
    other = panel.grid.tiles.index(0, 0).data(Qt.ItemDataRole.DecorationRole)
    assert other.cacheKey() != icon.cacheKey()
    assert session.explanation is not None
    session.set_layer(len(session.explanation.layers) - 1)  # a kernel a class: one has a part
    wait(qtbot, lambda: complete(workbench.kernels))
    dead = [tile for tile in workbench.kernels.tiles if tile.sign == "dead"]
    assert 0 < len(dead) < len(workbench.kernels.tiles)
    assert f"{len(dead)} dead here" in panel.grid.heading.text()
    row = workbench.kernels.tiles.index(dead[0])
    assert str(panel.grid.tiles.index(row, 0).data()).endswith("dead")


def test_verbs_lead_to_the_panel_and_back(drive: Drive) -> None:
    def script(window: MainWindow) -> Generator[Callable[[], bool], None, None]:
        session, kernels = window.session, window.workbench.kernels
        yield lambda: session.explanation is not None
        verbs.show_kernels(window.context)
        yield lambda: len(kernels.tiles) >= 4
        verbs.which_kernels_look_here(window.context)
        assert session.audit.tool.purpose == "ask"
        session.audit.set_region(region_of(session))
        yield lambda: kernels.here.found is not None
        assert kernels.here.found is not None
        best = kernels.here.found.rows[0].score
        kernels.choice.choose(best.layer, best.kernel)
        yield lambda: session.kernel is not None
        verbs.whole_layer(window.context)
        assert session.kernel is None

    files = [str(path) for path in resources.sample_files()[:1]]
    assert drive(files, script) == 0


@pytest.mark.parametrize(
    ("action", "name"), [("kernels-here", "kernels"), ("find-candidates", "what_if")]
)
def test_verbs_work_before_their_panels_were_made(
    qapp: QApplication, action: str, name: str
) -> None:
    window = make_window(qapp)
    try:
        dock = window.findChild(QDockWidget, name)
        assert dock is not None
        assert dock.widget() is None
        row = next(row for row in ACTIONS if row.id == action)
        row.command(window.context)
        assert dock.widget() is not None
        assert not dock.isHidden()
    finally:
        window.close()
        window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
