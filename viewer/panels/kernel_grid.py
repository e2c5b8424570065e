"""The strongest kernels of the chosen layer, their maps streaming in."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QLabel,
    QListView,
    QProgressBar,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from viewer.panels.choosing import ChoosingList
from viewer.panels.kernel_tiles import KernelTiles
from viewer.panels.notice import Notice
from viewer.panels.region_tool import draw_region, offer_way_out
from viewer.state.following import why_nothing
from viewer.state.kernel_search import RANKINGS, KernelSearch
from viewer.state.words import readable

_CELL = 112  # pixels: so wide is a kernel's place at least, if three fit beside each other
_TEXT = 44  # pixels below a picture


class _Place(QStyledItemDelegate):
    """A tile takes the whole of its place in the grid."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        grid = self.parent()
        assert isinstance(grid, QListView)
        return grid.gridSize()


class _Grid(ChoosingList):
    """As many columns as fit, three at least, and pictures as large as they then can be."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Strongest kernels of the layer", parent)
        self.setItemDelegate(_Place(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def resizeEvent(self, event: QResizeEvent) -> None:
        width = self.viewport().width()
        cell = width // max(3, width // _CELL)
        side = max(32, cell - 10)
        self.setIconSize(QSize(side, side))
        self.setGridSize(QSize(cell, side + _TEXT))
        super().resizeEvent(event)


class KernelGrid(QWidget):
    """Choose a ranking, see the kernels, click one to see its map in the place of the layer's."""

    def __init__(self, kernels: KernelSearch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kernels = kernels
        self.ranking = QComboBox()
        self.ranking.setAccessibleName("Ranking of the kernels")
        for by, words in RANKINGS.items():
            self.ranking.addItem(words, by)
        self.ranking.activated.connect(lambda row: kernels.set_by(self.ranking.itemData(row)))
        self.heading = QLabel()
        self.heading.setWordWrap(True)
        self.heading.setProperty("quiet", True)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setAccessibleName("Maps of kernels made so far")
        self.notice = Notice()
        self.tiles = KernelTiles(kernels)
        self.grid = _Grid(self)
        self.grid.setModel(self.tiles)
        self.grid.toggled.connect(self._toggle)
        self.grid.moved.connect(self._moved)
        self.more = QPushButton()
        self.more.setProperty("small", True)
        self.more.clicked.connect(kernels.more)
        self._lay_out()
        kernels.mapsChanged.connect(self.tiles.take)
        kernels.changed.connect(self._read)
        kernels.choice.changed.connect(self._read)
        for changed in (
            kernels.session.overlayChanged,
            kernels.session.engineChanged,
            kernels.session.frameChanged,
        ):
            changed.connect(self._read)

    def _lay_out(self) -> None:
        keeps = self.progress.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(keeps)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 4, 6)
        layout.setSpacing(5)
        for widget in (self.ranking, self.heading, self.progress, self.notice):
            layout.addWidget(widget)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch()

    def showEvent(self, event: QShowEvent) -> None:
        self._kernels.set_wanted(True)
        super().showEvent(event)
        self._read()

    def hideEvent(self, event: QHideEvent) -> None:
        self._kernels.set_wanted(False)
        super().hideEvent(event)

    def _toggle(self, index: QModelIndex) -> None:
        score = self.tiles.tile(index).score
        self._kernels.choice.toggle(score.layer, score.kernel)

    def _moved(self, index: QModelIndex) -> None:
        if self._kernels.choice.chosen is not None:
            score = self.tiles.tile(index).score
            self._kernels.choice.choose(score.layer, score.kernel)

    def _read(self) -> None:
        if not self.isVisible():
            return  # and it is read when it is shown
        kernels = self._kernels
        self.ranking.setItemText(self.ranking.findData("class"), self._by_class())
        self.ranking.setCurrentIndex(self.ranking.findData(kernels.by))
        self.heading.setText(self._summary())
        self.heading.setVisible(bool(kernels.scores))
        self.progress.setRange(0, max(1, kernels.goal))
        self.progress.setValue(len(kernels.tiles))
        self.progress.setVisible(kernels.busy)
        self._notify()
        self.grid.setVisible(bool(kernels.tiles))
        rest = len(kernels.scores) - kernels.limit
        self.more.setVisible(rest > 0)
        self.more.setText(f"Show {min(kernels.limit, rest)} more")
        self.more.setToolTip(f"{rest} kernels of this layer are not shown")
        self.tiles.restyle()
        chosen = kernels.choice.chosen
        self.grid.mark(None if chosen is None else self.tiles.row_of(*chosen))

    def _summary(self) -> str:
        kernels = self._kernels
        if not kernels.scores:
            return ""
        done, layer = len(kernels.tiles), kernels.scores[0].layer
        text = f"{layer}: {done} of {len(kernels.scores)} kernels"
        dead = sum(tile.sign == "dead" for tile in kernels.tiles)
        return f"{text}; {dead} dead here" if dead else text

    def _by_class(self) -> str:
        explanation = self._kernels.session.explanation
        target = "" if explanation is None else readable(explanation.target)
        return RANKINGS["class"].replace("the class", target or "the class")

    def _notify(self) -> None:
        kernels = self._kernels
        session, nothing = kernels.session, why_nothing(kernels.session)
        if nothing:
            self.notice.say(nothing)
        elif kernels.refusal:
            offer_way_out(self.notice, kernels)
        elif kernels.by == "region" and session.audit.region is None:
            draw = partial(draw_region, session)
            self.notice.say("Draw a region on the scan to rank by it.", "Draw a region", draw)
        elif kernels.choice.refusal:
            self.notice.say(kernels.choice.refusal)
        elif kernels.busy and not kernels.tiles:
            self.notice.say("Ranking the kernels …")
        else:
            self.notice.say("")
