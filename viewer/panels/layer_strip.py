"""Every layer's response as a thumbnail over the scan, in order of depth."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStackedLayout, QVBoxLayout, QWidget

from viewer.canvas.images import to_image
from viewer.dicom.frame import default_window
from viewer.panels.layer_tile import LEAST, PICTURE, QUIET, LayerTile
from viewer.panels.notice import Notice
from viewer.render.overlay import OverlayMaker, colourise
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle
from viewer.state.lane import Lane
from viewer.state.session import Session
from viewer.state.standing import standing

_SCROLLBAR = 24  # logical pixels around and below the tiles
_BESIDES = 82  # of the least height, all but the picture


def thumbnail(
    maker: OverlayMaker, index: int, style: OverlayStyle, grey: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Layer over scan, RGB uint8 with the rows and columns of the layer's shown values.

    ``grey`` is the scan at that size; the response fades in with its value, so that a thumbnail
    needs no threshold to be read.
    """
    values = maker.values(index, style.smoothing, style.signed)
    maximum = maker.maximum(index, style)
    colours = colourise(values, maximum, style.colours, style.signed).astype(np.float32)
    strengths = np.abs(values) if style.signed else values
    share = np.clip(strengths / maximum if maximum > 0 else strengths * 0, 0, 1)[..., None]
    weight = 0.9 * share**0.8
    mixed = grey[..., None].astype(np.float32) * (1 - weight) + colours * weight
    return np.asarray(np.rint(mixed), np.uint8)


def scan_at(pyramid: Pyramid, height: int, width: int) -> NDArray[np.uint8]:
    """The frame in its default window, grey uint8 (height, width), by nearest neighbour."""
    level = pyramid.level_for(width / pyramid.frame.size[1])
    shown = pyramid.shown(level, default_window(pyramid.frame))
    grey = shown if shown.ndim == 2 else shown.mean(2).astype(np.uint8)
    rows = (np.arange(height) + 0.5) * grey.shape[0] / height
    columns = (np.arange(width) + 0.5) * grey.shape[1] / width
    return np.asarray(grey[rows.astype(int)[:, None], columns.astype(int)])


def thumbnails(maker: OverlayMaker, style: OverlayStyle, pyramid: Pyramid) -> list[QImage]:
    """Of every layer; a tenth of a second, for a thread."""
    height, width = maker.values(0, style.smoothing, style.signed).shape
    grey = scan_at(pyramid, height, width)
    layers = range(len(maker.explanation.layers))
    return [to_image(thumbnail(maker, index, style, grey)) for index in layers]


def lift_words(lift: float) -> str:
    """``lift 1.8``; a dash where a layer has no response."""
    return "lift –" if math.isnan(lift) else f"lift {lift:.1f}"


class LayerStrip(QWidget):
    """Arrow keys or a click step through the layers. Where there is none, it says why."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown_style: tuple[object, ...] = ()
        self.list = QListWidget(self)
        self.list.setFlow(QListWidget.Flow.LeftToRight)
        self.list.setViewMode(QListWidget.ViewMode.IconMode)
        self.list.setMovement(QListWidget.Movement.Static)
        self.list.setWrapping(False)
        self._tile = LayerTile(self.list)
        self.list.setItemDelegate(self._tile)
        self.list.setMouseTracking(True)
        self.list.viewport().setAutoFillBackground(True)  # or all that is below is painted first
        self.list.setSpacing(2)
        self.list.setHorizontalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Layers")
        self.list.setMinimumHeight(LEAST + _BESIDES)
        self.notice = Notice()
        reason = QWidget()
        beside = QVBoxLayout(reason)
        beside.addWidget(self.notice)
        beside.addStretch()
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(4, 2, 4, 2)
        for page in (self.list, reason):
            self._pages.addWidget(page)
        self.list.currentRowChanged.connect(self._chosen)
        self.list.itemClicked.connect(lambda item: self._chosen(self.list.row(item)))
        self._lane = Lane("thumbnails", self)
        self._lane.finished.connect(self._put)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(80)
        self._later.timeout.connect(self._fill)
        session.explanationChanged.connect(self._follow)
        session.overlayChanged.connect(self._restyle)
        session.liftsChanged.connect(self._label)
        session.engineChanged.connect(self._tell)
        session.playingChanged.connect(self._tell)
        session.frameChanged.connect(self._tell)
        self._tell()

    def _tell(self) -> None:
        """Why there are no layers, where there are none."""
        missing = standing(self._session)
        self._pages.setCurrentIndex(0 if missing is None else 1)
        if missing is None:
            self.notice.say("")
        else:
            self.notice.say(missing.text, title=missing.title, icon=missing.icon)

    def _chosen(self, row: int) -> None:
        if row >= 0:
            self._session.show_layer(row)

    def _follow(self) -> None:
        self._session.follow_answer(self._fill)

    def _fill(self) -> None:
        """A row for each layer, at once; the thumbnails follow from the background."""
        self._tell()
        blocker = QSignalBlocker(self.list)
        maker, opened = self._session.overlays, self._session.open
        layers = () if maker is None else maker.explanation.layers
        if len(layers) != self.list.count():
            self.list.clear()
            for _ in layers:
                QListWidgetItem(self.list)
        if maker is not None and opened is not None and layers:
            for row, layer in enumerate(layers):
                kernels, rows, columns = layer.native_shape
                self.list.item(row).setToolTip(
                    f"Layer {layer.depth} of {len(layers)}: {layer.name}, {kernels} kernels on a "
                    f"grid of {columns} × {rows}. A lift of 1 is chance."
                )
            self._label()
            self._shown_style = self._key()
            self.list.setCurrentRow(self._session.layer_index)
            self._mark()
            self._reveal(among_others=True)
            style, pyramid = self._session.style, opened.pyramid
            self._lane.submit((maker, self._shown_style), lambda: thumbnails(maker, style, pyramid))
        del blocker

    def _put(self, key: tuple[OverlayMaker, object], images: list[QImage]) -> None:
        current = key == (self._session.overlays, self._shown_style)
        if not current or len(images) != self.list.count():  # they were taken away, and come again
            return
        for row, image in enumerate(images):
            self.list.item(row).setData(PICTURE, QPixmap.fromImage(image))

    def _label(self) -> None:
        """Name, native grid and, of a landmark that is looked at, the layer's lift on it."""
        explanation, lifts = self._session.explanation, self._session.lifts
        for row, layer in enumerate(() if explanation is None else explanation.layers):
            item = self.list.item(row)
            if item is None:
                continue
            kernels, rows, columns = layer.native_shape
            text = f"{layer.name}\n{columns} × {rows} · {kernels}"
            if lifts:
                text += f"\n{lift_words(lifts.get(layer.name, math.nan))}"
            item.setText(text)
        self._fit()

    def _fit(self) -> None:
        """Tiles as high as the strip; a line more while there are lifts."""
        room = self.height() - _SCROLLBAR
        if self._tile.fit(room, 3 if self._session.lifts else 2):
            self.list.scheduleDelayedItemsLayout()
            self._reveal()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _key(self) -> tuple[object, ...]:
        style = self._session.style
        return (style.colours, style.signed, style.shared_range, style.smoothing)

    def _restyle(self) -> None:
        self._mark()
        if self.list.count() and self._key() != self._shown_style:
            self._later.start()
        elif self.list.currentRow() != self._session.layer_index:
            blocker = QSignalBlocker(self.list)
            self.list.setCurrentRow(self._session.layer_index)
            del blocker
            self._reveal()

    def _mark(self) -> None:
        """The current layer is marked in full while it is on the scan, and quietly while not."""
        style = self._session.style
        quiet = not style.visible or style.shows != "layer"
        if self.list.property(QUIET) != quiet:
            self.list.setProperty(QUIET, quiet)
            self.list.viewport().update()

    def _reveal(self, among_others: bool = False) -> None:
        """Bring the current layer into sight; where it is out of it, if need be, between those
        around it, to which a reader may go next."""
        item = self.list.currentItem()
        if item is None:
            return
        seen = self.list.viewport().rect().contains(self.list.visualItemRect(item))
        centred = among_others and not seen
        hints = QListWidget.ScrollHint
        self.list.scrollToItem(item, hints.PositionAtCenter if centred else hints.EnsureVisible)
