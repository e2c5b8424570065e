"""Two whole audits for the guided tour: the synthetic hand with its lead letter, and a real chest
film. Each step waits for what it asked for, and takes a picture of the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from engine.shapes import Shape, box
from viewer.main_window import MainWindow
from viewer.state.audit import Tool
from viewer.state.document import Landmark, Outcome, new_id
from viewer.state.settings import BLIND_READING
from viewer.state.what_if import trial_of
from viewer.verbs import compare, kernels


class Camera(Protocol):
    """What an audit needs of the tour."""

    window: MainWindow
    out: Path

    def wait(self, condition: Callable[[], bool]) -> None: ...

    def picture(self, name: str) -> None: ...

    def explained(self) -> None: ...


# in shares of the frame's sides
LATERAL_LUNGS = (
    Shape(
        "polygon",
        (
            (0.18, 0.46),
            (0.36, 0.39),
            (0.55, 0.33),
            (0.77, 0.31),
            (0.78, 0.36),
            (0.69, 0.58),
            (0.61, 0.80),
            (0.55, 0.66),
            (0.36, 0.68),
            (0.16, 0.70),
        ),
    ),
)
FRONTAL_LUNGS = (box(0.12, 0.16, 0.46, 0.72), box(0.54, 0.16, 0.88, 0.72))


def audit_hand(tour: Camera) -> None:
    """Landmarks, kernels, an intervention, an untrained network, the classes."""
    window = tour.window
    session, workbench = window.session, window.workbench
    audit = session.audit
    tour.wait(lambda: bool(audit.image))
    session.change_style(visible=True, shows="layer")
    session.show_layer(16)
    height, width = session.open.frame.size  # type: ignore[union-attr]

    _landmark(tour, "carpal bones", box(0.30 * width, 0.68 * height, 0.62 * width, 0.83 * height))
    joints = Shape("point", ((0.5 * width, 0.42 * height),), 0.06 * height)
    _landmark(tour, "metacarpophalangeal joints", joints)
    window.docks.show("landmarks")
    tour.wait(lambda: workbench.figures.rows[0].layers[0].untrained_lift is not None)
    tour.picture("audit-landmarks")

    kernels.which_kernels_look_here(window.context)
    audit.set_region(box(0.34 * width, 0.69 * height, 0.58 * width, 0.81 * height))
    audit.set_tool(Tool())
    here = workbench.kernels.here
    tour.wait(lambda: here.found is not None)
    first = here.found.rows[0].score  # type: ignore[union-attr]
    workbench.kernels.choice.toggle(first.layer, first.kernel)
    tour.wait(lambda: session.kernel is not None)
    tour.picture("audit-kernels-here")
    session.show_kernel(None)
    session.show_layer(16)
    audit.set_region(None)

    _take_out_markers(tour)
    tour.picture("audit-what-if")

    window.docks.show("compare")
    compare.toggle_compare_untrained(window.context)
    compare.toggle_difference(window.context)
    tour.wait(lambda: len(session.panes) == 2 and session.panes[1].overlay is not None)
    tour.picture("audit-untrained")
    compare.stop_comparing(window.context)

    window.docks.show("response")
    session.change_style(shows="classes")
    tour.wait(lambda: session.classes is not None)
    tour.picture("audit-classes")
    session.change_style(shows="layer")


def audit_chest(
    tour: Camera,
    lungs: tuple[Shape, ...],
    outcome: Outcome,
    comment: str,
    prefix: str = "chest",
) -> None:
    """Read first, then the lungs (shapes in shares of the frame's sides), markers, shallow beside
    deep, and what the reader makes of it."""
    window = tour.window
    session, workbench = window.session, window.workbench
    audit = session.audit
    tour.wait(lambda: bool(audit.image))
    workbench.session.settings.set(BLIND_READING, True)
    tour.picture(f"{prefix}-read-first")
    audit.commit_impression("chest")
    tour.explained()
    session.show_layer(16)
    height, width = session.open.frame.size  # type: ignore[union-attr]
    for lung in lungs:
        _landmark(tour, "lungs", lung.scaled(width, height))
    window.docks.show("landmarks")
    tour.wait(lambda: workbench.figures.rows[0].layers[0].untrained_lift is not None)
    tour.picture(f"{prefix}-lungs")
    _take_out_markers(tour)
    tour.picture(f"{prefix}-what-if")
    window.docks.show("compare")
    compare.toggle_compare_other_model(window.context)
    tour.wait(lambda: bool(session.panes) and session.panes[0].overlay is not None)
    tour.picture(f"{prefix}-shallow-deep")
    compare.stop_comparing(window.context)
    audit.judge("prediction", outcome, comment)
    window.docks.show("review")
    tour.picture(f"{prefix}-review")
    workbench.session.settings.set(BLIND_READING, False)


def _landmark(tour: Camera, name: str, shape: Shape) -> None:
    audit, figures = tour.window.session.audit, tour.window.workbench.figures
    audit.add_landmark(Landmark(new_id(), name, shape))
    known = audit.document.landmarks
    tour.wait(lambda: len(figures.rows) >= len(known))


def _take_out_markers(tour: Camera) -> None:
    """Have them found, taken out, and each held against as much elsewhere."""
    what_if, audit = tour.window.workbench.what_if, tour.window.session.audit
    tour.window.docks.show("what_if")
    what_if.offers.find()
    tour.wait(lambda: what_if.offers.found is not None)
    what_if.offers.add_markers()
    if not audit.document.interventions:
        what_if.offers.add(tuple(i for i in what_if.offers.found or () if i.kind == "border"))
    tour.wait(lambda: what_if.answer is not None)
    tour.wait(lambda: all(map(what_if.is_done, map(trial_of, audit.document.interventions))))
    tour.wait(lambda: not what_if.busy)
