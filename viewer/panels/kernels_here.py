"""Which kernels look here: draw a region, and read the ranking over all layers."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.presets import preset_name
from viewer.panels.choosing import ChoosingList
from viewer.panels.kernel_rows import HERE, HereRow, HereRows
from viewer.panels.notice import Notice
from viewer.panels.region_tool import REGION, draw_region, offer_way_out
from viewer.state.audit import Tool
from viewer.state.following import why_nothing
from viewer.state.kernel_search import KernelSearch
from viewer.state.words import readable


class KernelsHerePage(QWidget):
    """The region is drawn on the scan with the tool that the button takes up."""

    def __init__(self, kernels: KernelSearch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kernels = kernels
        audit = kernels.session.audit
        self.draw = QPushButton()
        self.draw.setToolTip("Drag a box on the scan, over what you want to ask about")
        self.draw.clicked.connect(self._take_tool)
        self.clear = QPushButton("Clear")
        self.clear.setToolTip("Take the region away")
        self.clear.setAccessibleName("Clear the region")
        self.clear.clicked.connect(lambda: audit.set_region(None))
        self.heading = QLabel()
        self.heading.setWordWrap(True)
        self.heading.setProperty("quiet", True)
        self.notice = Notice()
        self.rows = HereRows(kernels)
        self.list = ChoosingList("Kernels that look at the region", self)
        self.list.setModel(self.rows)
        self.list.setItemDelegate(HereRow(self.list))
        self.list.setUniformItemSizes(True)
        self.list.toggled.connect(self._toggle)
        self.list.moved.connect(self._moved)
        self._lay_out()
        session = kernels.session
        for changed in (
            kernels.here.changed,
            kernels.choice.changed,
            session.overlayChanged,
            session.engineChanged,
            session.frameChanged,
            audit.toolChanged,
            audit.regionChanged,
        ):
            changed.connect(self._read)
        self._read()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.draw, self.clear):
            button.setProperty("small", True)
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 4, 6)
        layout.setSpacing(5)
        layout.addLayout(buttons)
        layout.addWidget(self.heading)
        layout.addWidget(self.notice)
        layout.addWidget(self.list, 1)
        layout.addStretch()

    def showEvent(self, event: QShowEvent) -> None:
        self._kernels.here.set_wanted(True)
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._kernels.here.set_wanted(False)
        super().hideEvent(event)

    @property
    def _drawing(self) -> bool:
        return self._kernels.session.audit.tool.purpose == REGION.purpose

    def _take_tool(self) -> None:
        if self._drawing:
            self._kernels.session.audit.set_tool(Tool())
        else:
            draw_region(self._kernels.session)

    def _toggle(self, index: QModelIndex) -> None:
        score = index.data(HERE).score
        self._kernels.choice.toggle(score.layer, score.kernel)

    def _moved(self, index: QModelIndex) -> None:
        if self._kernels.choice.chosen is not None:
            score = index.data(HERE).score
            self._kernels.choice.choose(score.layer, score.kernel)

    def _read(self) -> None:
        kernels, audit = self._kernels, self._kernels.session.audit
        found = kernels.here.found
        self.draw.setText("Stop drawing" if self._drawing else "Draw a region")
        self.draw.setEnabled(kernels.session.open is not None)
        self.clear.setEnabled(audit.region is not None)
        self.rows.take()
        self.heading.setText(self._summary())
        self.heading.setVisible(found is not None)
        self._notify()
        self.list.setVisible(found is not None and bool(found.rows))
        chosen = kernels.choice.chosen
        self.list.mark(None if chosen is None else self.rows.row_of(*chosen))

    def _summary(self) -> str:
        found, session = self._kernels.here.found, self._kernels.session
        if found is None or session.explanation is None:
            return ""
        explanation = session.explanation
        return (
            f"{len(found.rows)} of {found.total:,} kernels in {found.layers} layers, by the signed "
            f"mass of their maps in the region · {preset_name(explanation.method)}, "
            f"{readable(explanation.target)}"
        )

    def _notify(self) -> None:
        kernels, here = self._kernels, self._kernels.here
        session, nothing = kernels.session, why_nothing(kernels.session)
        if nothing:
            self.notice.say(nothing)
        elif here.refusal:
            offer_way_out(self.notice, here)
        elif session.audit.region is None and self._drawing:
            self.notice.say("Drag a box on the scan, over what you want to ask about.")
        elif session.audit.region is None:
            self.notice.say(
                "Draw a region on the scan, a joint or a marker, to see which kernels of all "
                "layers respond to it."
            )
        elif kernels.choice.refusal:
            self.notice.say(kernels.choice.refusal)
        elif here.found is None:
            self.notice.say("Asking all layers …")
        elif not here.found.rows:
            self.notice.say("No kernel has a positive response in this region.")
        else:
            self.notice.say("")
