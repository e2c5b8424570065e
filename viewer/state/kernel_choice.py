"""The kernel that is looked at large: chosen from a list, then its map is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.questions import MapKernels
from engine.results import KernelMaps
from viewer.render.kernel_overlay import KernelChosen
from viewer.state.following import current
from viewer.state.session import Session

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench


class KernelChoice(QObject):
    """A choice stands until the layer, the image or what is asked changes."""

    changed = Signal()

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(workbench)
        self.refusal = ""
        """Why the map of the kernel that was chosen last is not there, a sentence."""
        self._session, self._workbench = session, workbench
        self._awaited: tuple[str, int] | None = None
        self._stands_on: tuple[object, int] = (None, 0)
        self._inquiry = workbench.inquiry("kernels")
        self._inquiry.answered.connect(self._answered)
        self._inquiry.refused.connect(self._refused)
        for changed in (session.requestChanged, session.explanationChanged, session.overlayChanged):
            changed.connect(self._follow)

    @property
    def chosen(self) -> tuple[str, int] | None:
        """The layer and number of the kernel that is shown, or is about to be."""
        kernel = self._session.kernel
        shown = None if kernel is None else (kernel.layer, kernel.kernel)
        return self._awaited or shown

    def toggle(self, layer: str, kernel: int) -> None:
        """Show a kernel's map; the one that is shown goes away."""
        if self.chosen == (layer, kernel):
            self.clear()
        else:
            self.choose(layer, kernel)

    def choose(self, layer: str, kernel: int) -> None:
        """Show a kernel's map large as soon as it is there."""
        maker, picture = current(self._session), self._workbench.picture()
        if maker is None or picture is None or self.chosen == (layer, kernel):
            return
        self.refusal, self._awaited, self._stands_on = "", (layer, kernel), self._ground()
        asked = MapKernels(layer, (kernel,), self._session.method, maker.explanation.target)
        self._inquiry.ask(picture, self._workbench.network(), asked)
        self.changed.emit()

    def clear(self) -> None:
        """Back to the layer's map."""
        self._forget()
        self._session.show_kernel(None)

    def _ground(self) -> tuple[object, int]:
        return current(self._session), self._session.layer_index

    def _follow(self) -> None:
        if (self._awaited or self.refusal) and self._ground() != self._stands_on:
            self._forget()

    def _forget(self) -> None:
        self._inquiry.cancel()
        self._awaited, self.refusal = None, ""
        self.changed.emit()

    def _answered(self, maps: KernelMaps) -> None:
        self._awaited = None
        self._session.show_kernel(KernelChosen(maps.layer, maps.kernels[0], maps.values[0]))
        self.changed.emit()

    def _refused(self, why: str) -> None:
        self._awaited, self.refusal = None, why[:1].upper() + why[1:]
        self.changed.emit()
