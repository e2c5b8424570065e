"""Maps of kernels as icons over the scan; each is made when it first comes into sight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon, QPixmap

from viewer.canvas.images import to_image
from viewer.panels.layer_strip import scan_at
from viewer.render.kernel_overlay import KernelTile, blended
from viewer.state.kernel_search import KernelSearch
from viewer.state.words import readable

Index = QModelIndex | QPersistentModelIndex


class KernelTiles(QAbstractListModel):
    """A row a kernel: number and score, marked while its map is shown large."""

    def __init__(self, kernels: KernelSearch) -> None:
        super().__init__(kernels)
        self._kernels = kernels
        self._tiles: tuple[KernelTile, ...] = ()
        self._icons: dict[int, QIcon] = {}
        self._colour_map = ""
        self._grey: NDArray[np.uint8] | None = None

    def tile(self, index: QModelIndex) -> KernelTile:
        return self._tiles[index.row()]

    def row_of(self, layer: str, kernel: int) -> int | None:
        """Where a kernel stands, None if it is not there."""
        for row, tile in enumerate(self._tiles):
            if (tile.score.layer, tile.score.kernel) == (layer, kernel):
                return row
        return None

    def take(self) -> None:
        """Show the tiles that there are now; those that are shown already stay."""
        tiles = self._kernels.tiles
        known = len(self._tiles)
        if known and self._tiles == tiles[:known]:
            if len(tiles) > known:
                self.beginInsertRows(QModelIndex(), known, len(tiles) - 1)
                self._tiles = tiles
                self.endInsertRows()
            return
        self.beginResetModel()
        self._tiles, self._grey = tiles, None
        self._icons.clear()
        self.endResetModel()

    def restyle(self) -> None:
        """Take in the colour map and which kernel is shown."""
        if self._kernels.session.style.colour_map != self._colour_map:
            self._icons.clear()
        if self._tiles:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._tiles) - 1, 0))

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._tiles)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        tile = self._tiles[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._label(tile)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icon(index.row())
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._words(index.row())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter
        return None

    def _label(self, tile: KernelTile) -> str:
        score = tile.score
        shown = self._kernels.choice.chosen == (score.layer, score.kernel)
        below = "dead" if tile.sign == "dead" else f"{score.score:+#.3g}"
        return f"{'▸ ' if shown else ''}{score.kernel}\n{below}"

    def _words(self, row: int) -> str:
        tile = self._tiles[row]
        score = tile.score
        parts = (
            f"Kernel {score.kernel} of {score.layer}, number {row + 1} of the ranking",
            f"{self.meaning()} {score.score:+.4g}",
            self._sign(tile),
        )
        return "; ".join(part for part in parts if part) + "."

    def _sign(self, tile: KernelTile) -> str:
        if tile.sign == "negative":
            return "its map is negative wherever it is not zero"
        if tile.sign == "dead":
            to_class = self._kernels.session.method.seed == "class"
            why = ", nothing of it reaches this class" if to_class else ""
            return f"dead here{why}: its map is zero everywhere"
        return ""

    def meaning(self) -> str:
        """What the scores are."""
        explanation = self._kernels.session.explanation
        target = "the class" if explanation is None else readable(explanation.target)
        names = {"class": f"contribution to {target}", "activation": "summed activation"}
        return names.get(self._kernels.by, "signed response mass in the region")

    def _icon(self, row: int) -> QIcon:
        session = self._kernels.session
        self._colour_map = session.style.colour_map
        if row not in self._icons and session.open is not None:
            values = self._tiles[row].values
            if self._grey is None:
                self._grey = scan_at(session.open.pyramid, *values.shape)
            picture = blended(values, self._colour_map, self._grey)
            pixmap = QPixmap.fromImage(to_image(picture))
            icon = self._icons[row] = QIcon(pixmap)
            icon.addPixmap(pixmap, QIcon.Mode.Selected)
        return self._icons.get(row, QIcon())
