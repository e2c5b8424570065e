"""Another image beside the main one: asked the same, and never mistaken for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

import resources
from engine.answering import Desk
from engine.questions import Explain, Network, Question
from engine.results import Explanation
from tests.factories.benches import PATIENCE, opened, read, viewport
from tests.factories.beside import (
    film,
    is_beside_by_now,
    open_image,
    place_of,
    shown_beside,
    stack,
    two_films,
)
from viewer.canvas.compose import beside, scene_of
from viewer.exporters.picture import input_facts
from viewer.main_window import MainWindow
from viewer.panels.compare import ComparePanel
from viewer.render.overlay import OverlayMaker
from viewer.render.turn import Turn
from viewer.state.log_writer import log_path
from viewer.state.measurement import Measurement
from viewer.state.others import Other
from viewer.state.pictures import Picture
from viewer.state.priors import others_like
from viewer.state.progress import Progress
from viewer.verbs import compare
from viewer.verbs.pictures import screen_export

_SECRETS = ("DOE", "JANE", "4711", "1999", "Doe", "secret")


def test_the_other_image_has_the_answer_that_it_would_have_by_itself(qtbot: QtBot) -> None:
    with opened(qtbot, resources.sample_files()) as bench:
        session = bench.session
        qtbot.waitUntil(lambda: session.reading is None, timeout=PATIENCE)
        main = session.explanation
        session.show_layer(3)
        other = next(p for p in others_like(session, session.place) if p.key[0].name == "chest.dcm")
        shown_beside(qtbot, bench, other)
        qtbot.waitUntil(lambda: session.panes[0].overlay is not None, timeout=PATIENCE)
        (pane,) = session.panes
        picture = Picture(pane.pyramid, other.instance.attributes.modality)
        network = Network(resources.model_folder("shallow"), "cpu", 0)
        asked = Explain(session.method, None)
        right = Desk().answer(Question(picture.key, network, asked, picture.subject()))
        assert isinstance(right, Explanation)
        assert pane.explanation.target == right.target == "chest" != main.target
        expected = OverlayMaker(right).overlay(3, session.style)
        np.testing.assert_allclose(
            pane.overlay.values, expected.values, atol=1e-5 * expected.maximum
        )
        assert pane.overlay.maximum == pytest.approx(expected.maximum), "a window of its own"
        assert not bench.comparing.shares_range
        assert pane.pyramid.source.size == pane.explanation.geometry.frame_size
        assert session.explanation is main, "nothing was asked anew of the main picture"
        # another layer and another style hold for both
        session.change_style(shows="classes")
        qtbot.waitUntil(lambda: session.panes[0].overlay is None, timeout=PATIENCE)
        session.show_layer(1)
        session.change_style(threshold=0.6)
        qtbot.waitUntil(
            lambda: (
                session.panes[0].overlay is not None
                and session.panes[0].overlay.layer.depth == 2
                and session.panes[0].overlay.style.threshold == 0.6
            ),
            timeout=PATIENCE,
        )
        # one class, one value window: the same colour is the same response
        session.set_target("chest")
        qtbot.waitUntil(
            lambda: (
                session.explanation is not None
                and session.explanation.target == "chest"
                and bench.comparing.shares_range
                and session.panes[0].overlay is not None
                and session.panes[0].overlay.maximum == session.overlay.maximum
            ),
            timeout=PATIENCE,
        )


def test_who_reads_first_sees_the_other_image_and_no_answer(qtbot: QtBot) -> None:
    with opened(qtbot, resources.sample_files()) as bench:
        session = bench.session
        qtbot.waitUntil(lambda: session.reading is None, timeout=PATIENCE)
        session.audit.set_blind(True)
        assert session.explanation is None
        other = others_like(session, session.place)[0]
        shown_beside(qtbot, bench, other)
        qtbot.wait(600)  # as long as an answer would take to be asked for
        (pane,) = session.panes
        assert not session.style.visible, "two scans are read without anything over them"
        assert pane.explanation is None
        assert pane.overlay is None
        assert bench.comparing.problem == ""
        assert not bench.comparing.waiting
        session.audit.set_blind(False)
        qtbot.waitUntil(lambda: session.panes[0].explanation is not None, timeout=PATIENCE)
        assert bench.log.was_shown(session.panes[0].key), "which is not reading first any more"
        session.audit.set_blind(True)
        assert session.panes[0].explanation is None
        # an impression of the one is none of the other
        session.audit.commit_impression("a chest")
        assert session.explanation is not None
        qtbot.wait(600)
        assert session.panes[0].explanation is None
        assert "Kept back" in session.panes[0].footer[0]


def test_nothing_tells_whose_the_other_image_is_while_the_identity_is_hidden(
    qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "JANE"
    film(folder / "1.dcm")
    film(folder / "2.dcm", SeriesDescription="secret")
    with read(qtbot, [folder]) as bench:
        view, session = two_films(qtbot, bench), bench.session
        panel = ComparePanel(bench)
        qtbot.addWidget(panel)
        panel.show()
        session.set_identity_shown(False)
        _, other = view.current_scenes()
        words = [panel.combo.itemText(row) for row in range(panel.combo.count())]
        words += [panel.facts.text(), str(session.title), str(session.panes[0].title)]
        words += [str(other.corners), str(other.title), str(other.brief), str(other.footer)]
        for secret in _SECRETS:
            assert secret not in " ".join(words), secret
        assert not other.planes_visible
        session.set_identity_shown(True)
        main, other = view.current_scenes()
        assert "DOE" in str(other.corners)
        assert "1999" in str(other.corners), "when each was taken"
        assert "1999" in str(main.corners)
        # an export that hides the identity hides that of both, whatever the screen shows
        hidden = scene_of(session, identity_shown=False)
        assert hidden is not None
        for scene in (hidden, *beside(session, hidden)):
            assert "DOE" not in str(scene.corners)


def test_an_image_that_cannot_be_read_or_is_gone_is_said_and_costs_nothing_else(
    qtbot: QtBot, tmp_path: Path
) -> None:
    film(tmp_path / "1.dcm")
    bad = film(tmp_path / "2.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "1.dcm")
        view = viewport(qtbot, session)
        there = place_of(session, "2.dcm")
        bad.write_bytes(b"\0" * 600)
        bench.comparing.toggle_image(there)
        _, other = view.current_scenes()
        assert other.placard is not None
        assert "Reading" in other.placard.title, "it has its place at once"
        qtbot.waitUntil(lambda: bool(bench.comparing.problem), timeout=PATIENCE)
        _, other = view.current_scenes()
        assert "cannot be shown" in other.placard.title
        assert "2.dcm" in other.placard.text
        view.grab()
        view.framing.take_pane(view.viewports[1].center())
        assert view.framing.elsewhere == 0, "it can be wheeled past"
        hidden = scene_of(session, identity_shown=False)
        assert hidden is not None
        (exported,) = beside(session, hidden)
        assert "2.dcm" not in exported.placard.text, "whatever the screen shows"
        session.set_identity_shown(False)
        _, other = view.current_scenes()
        assert "2.dcm" not in other.placard.text + bench.comparing.problem
        # where the main image cannot be read nothing is over a pane that nobody sees
        session.set_failure(OSError("gone"))
        session.open = None
        view.grab()
        assert view.framing.elsewhere is None
        session.set_place(None)
        session.set_place(place_of(session, "1.dcm"))
        assert session.open is not None
        bench.comparing.set_other(Other("image", str(tmp_path / "never.dcm")))
        assert "no longer" in bench.comparing.problem
        assert session.panes == ()


def test_a_file_that_was_written_anew_is_read_anew(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm")
    film(tmp_path / "2.dcm", 100)
    with read(qtbot, [tmp_path]) as bench:
        view, session = two_films(qtbot, bench), bench.session
        film(tmp_path / "2.dcm", 700)
        bench.open_paths([tmp_path])
        qtbot.waitUntil(
            lambda: (
                session.panes[0].pyramid is not None
                and session.panes[0].pyramid.source.pixels.max() == 700
            ),
            timeout=PATIENCE,
        )
        assert len(view.current_scenes()) == 2


def test_the_verb_finds_an_image_or_says_that_there_is_none(
    drive: Callable[..., int], tmp_path: Path
) -> None:
    film(tmp_path / "a" / "1.dcm")
    film(tmp_path / "b" / "2.dcm")

    def script(window: MainWindow) -> Iterator[Callable[[], bool]]:
        session, bench = window.session, window.workbench
        yield lambda: session.reading is None and session.open is not None
        window.menus.by_id["compare-image"].trigger()
        yield lambda: "No other image" in session.message
        assert not compare.compares_image(window.context)
        assert not window.menus.by_id["compare-swap"].isEnabled()
        bench.open_paths([tmp_path / "b"])
        yield lambda: session.reading is None and len(session.studies) == 2
        window.menus.by_id["compare-image"].trigger()
        yield lambda: len(session.panes) == 1
        assert window.menus.by_id["compare-image"].isChecked()
        yield lambda: window.menus.by_id["compare-swap"].isEnabled()
        export = screen_export(window.context)
        there = session.panes[0].place
        assert export.others == ((0, there.key),)
        export.write(tmp_path / "both.png", Progress())
        facts = json.loads((tmp_path / "both.png.json").read_text())
        assert facts["beside"][0]["input"] == input_facts(*there.key) != facts["input"]
        window.menus.by_id["compare-image"].trigger()
        yield lambda: session.panes == ()

    assert drive([str(tmp_path / "a")], script) == 0


def test_a_main_image_without_output_is_said(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm", size=(300, 240), Modality="US")
    with opened(qtbot, [tmp_path / "1.dcm"]) as bench:
        session = bench.session
        assert session.explanation.withheld
        bench.open_paths(resources.sample_files())
        qtbot.waitUntil(
            lambda: session.reading is None and len(session.studies) > 1, timeout=PATIENCE
        )
        session.set_place(place_of(session, "1.dcm"))
        qtbot.waitUntil(lambda: session.explanation is not None, timeout=PATIENCE)
        panel = ComparePanel(bench)
        qtbot.addWidget(panel)
        panel.show()
        shown_beside(qtbot, bench, place_of(session, "chest.dcm"))
        qtbot.waitUntil(lambda: session.panes[0].explanation is not None, timeout=PATIENCE)
        assert "no output for the main image" in panel.facts.text()


def test_nothing_is_asked_about_an_image_that_was_taken_away(qtbot: QtBot) -> None:
    with opened(qtbot, resources.sample_files()) as bench:
        session = bench.session
        qtbot.waitUntil(lambda: session.reading is None, timeout=PATIENCE)
        shown_beside(qtbot, bench, others_like(session, session.place)[0])
        bench.comparing.set_others(())
        (image, *_) = bench.comparing._images
        qtbot.wait(400)
        assert not image._asking.busy
        assert image._image.picture is None, "nor is its frame kept"


def test_what_is_compared_is_in_the_log_once_it_rests(qtbot: QtBot, tmp_path: Path) -> None:
    stack(tmp_path, "7", 6, units="US")
    film(tmp_path / "1.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "1.dcm")
        shown_beside(qtbot, bench, place_of(session, "7-0.dcm"))
        for number in range(1, 5):
            bench.comparing.step_image(0, 1)
            is_beside_by_now(qtbot, bench, place_of(session, f"7-{number}.dcm"))
        bench.close()
        lines = [json.loads(line) for line in log_path().read_text().splitlines()]
        compared = [line["details"]["beside"] for line in lines if line["what"] == "comparing"]
        assert [title for (title,) in compared] == [session.panes[0].title]
        assert "image 5 / 6" in compared[0][0]


def test_reading_first_is_switched_on_and_off_for_the_other_image_alone(qtbot: QtBot) -> None:
    with opened(qtbot, resources.sample_files()) as bench:
        session = bench.session
        qtbot.waitUntil(lambda: session.reading is None, timeout=PATIENCE)
        session.audit.set_blind(True)
        session.audit.commit_impression("a hand")
        shown_beside(qtbot, bench, others_like(session, session.place)[0])
        session.audit.set_blind(False)
        qtbot.waitUntil(lambda: session.panes[0].explanation is not None, timeout=PATIENCE)
        session.audit.set_blind(True)
        assert session.panes[0].explanation is None
        assert "Kept back" in session.panes[0].footer[0]


def test_a_slow_image_beside_does_not_end_the_reading_of_a_folder(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader of another image reads headers for the list, too."""
    film(tmp_path / "1.dcm")
    stack(tmp_path, "7", 4, units="US")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "1.dcm")
        shown_beside(qtbot, bench, place_of(session, "7-0.dcm"))
        ended: list[bool] = []
        monkeypatch.setattr(bench.readers[1].process, "kill", lambda: ended.append(True))
        (image, *_) = bench.comparing._images
        reading = image._image._reading
        for files, expected in ((3, []), (None, [True])):
            session.set_reading(files)
            bench.frames.cache.drop(image.place.moved(1).key)
            bench.comparing.step_image(0, 1)
            reading._running = (place_of(session, "7-0.dcm").key, time.monotonic() - 60)
            reading._give_up()
            assert ended == expected


def test_what_is_known_of_the_other_image_is_in_the_json(
    tmp_path: Path, drive: Callable[..., int]
) -> None:
    film(tmp_path / "1.dcm")
    film(tmp_path / "2.dcm", 333)

    def script(window: MainWindow) -> Iterator[Callable[[], bool]]:
        session = window.session
        yield lambda: session.reading is None and bool(session.audit.image)
        there = next(p for p in others_like(session, session.place))
        main = session.place
        session.set_place(there)
        yield lambda: bool(session.audit.image)
        session.audit.add_measurement(Measurement("n1", "length", ((0.0, 0.0), (3.0, 4.0))))
        window.view.framing.turn(Turn(1, True))
        session.set_place(main)
        yield lambda: bool(session.audit.image) and not session.audit.document.measurements
        window.workbench.comparing.toggle_image(there)
        yield lambda: bool(session.panes) and session.panes[0].notes is not None
        (facts,) = screen_export(window.context).facts["beside"]
        assert facts["display"] == {"mirrored_first": True, "turned_clockwise": 90}
        assert facts["measurements"][0]["value"] == 5.0
        yield lambda: True

    assert drive([str(tmp_path)], script) == 0
