"""The elements of a file as a tree that can be searched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from viewer.dicom.listing import UNDEFINED, Element, Listing
from viewer.palette import colour

HEADS = ("Tag", "Name", "VR", "Length", "Value")
HIDDEN = "hidden"
"""What stands in the place of a value that may tell who the patient is."""
_CELL = 300  # letters of a value in the list; all of it is told beside
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Outline:
    """A listing made ready: ``parents`` are the number of each row's parent, -1 at the top;
    ``paths`` name a row among all, the same in files that are alike; ``texts`` are what is searched
    in each, ``masked`` the same without what is hidden with the identity."""

    listing: Listing
    parents: tuple[int, ...]
    paths: tuple[str, ...]
    texts: tuple[str, ...]
    masked: tuple[str, ...]

    @classmethod
    def of(cls, listing: Listing) -> Outline:
        parents: list[int] = []
        paths: list[str] = []
        above: list[int] = []  # the last row of each depth
        for number, element in enumerate(listing.elements):
            del above[element.depth :]
            parent = above[-1] if above else -1
            parents.append(parent)
            paths.append(f"{paths[parent]}/{element.tag}" if parent >= 0 else element.tag)
            above.append(number)
        rows = listing.elements
        return cls(
            listing,
            tuple(parents),
            tuple(paths),
            tuple(_searched(row, True) for row in rows),
            tuple(_searched(row, False) for row in rows),
        )

    def matching(self, wanted: str, identity_shown: bool) -> set[int]:
        """Rows in which the text stands, whatever its case."""
        texts = self.texts if identity_shown else self.masked
        wanted = wanted.casefold()
        return {number for number, text in enumerate(texts) if wanted in text}

    def with_parents(self, rows: set[int]) -> set[int]:
        found = set(rows)
        for row in rows:
            parent = self.parents[row]
            while parent >= 0 and parent not in found:
                found.add(parent)
                parent = self.parents[parent]
        return found


def _searched(row: Element, personal: bool) -> str:
    """Tags are found as (0010,0020), 0010,0020 and 00100020."""
    value = row.value if personal or not row.personal else ""
    bare = row.tag.strip("()").replace(",", "") if row.tag.startswith("(") else ""
    return "\n".join((row.tag, bare, row.name, row.keyword, row.vr, value)).casefold()


def value_text(row: Element, identity_shown: bool) -> str:
    """What is told of a value."""
    if row.personal and not identity_shown:
        return HIDDEN
    if not row.value:
        return row.rest
    return f"{row.value} … {row.rest}" if row.rest else row.value


class ElementTree(QAbstractItemModel):
    """The rows of an outline that match; their parents are there, in a quiet colour."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.outline = Outline.of(Listing(()))
        self.identity_shown = True
        self._matches: set[int] | None = None
        self._children: dict[int, list[int]] = {}
        self._position: dict[int, int] = {}

    def show_rows(self, outline: Outline, wanted: str, identity_shown: bool) -> int:
        """Show what matches, everything without ``wanted``; returns how many rows do."""
        self.beginResetModel()
        self.outline, self.identity_shown = outline, identity_shown
        count = len(outline.parents)
        self._matches = outline.matching(wanted, identity_shown) if wanted else None
        shown: Iterable[int] = range(count)
        if self._matches is not None:
            shown = sorted(outline.with_parents(self._matches))
        self._children, self._position = {}, {}
        for row in shown:
            siblings = self._children.setdefault(outline.parents[row], [])
            self._position[row] = len(siblings)
            siblings.append(row)
        self.endResetModel()
        return count if self._matches is None else len(self._matches)

    @property
    def shown(self) -> int:
        """Rows in the tree, parents of matches among them."""
        return len(self._position)

    def element(self, index: Index) -> Element:
        return self.outline.listing.elements[index.internalId()]

    def path(self, index: Index) -> str:
        return self.outline.paths[index.internalId()]

    def first_match(self) -> QModelIndex:
        """Where the first row that matches is."""
        return self.index_of(min(self._matches)) if self._matches else QModelIndex()

    def index_at(self, path: str) -> QModelIndex:
        """Where the row of this path is, an invalid index where it is not."""
        try:
            return self.index_of(self.outline.paths.index(path))
        except ValueError:
            return QModelIndex()

    def index_of(self, row: int, column: int = 0) -> QModelIndex:
        if row not in self._position:
            return QModelIndex()
        return self.createIndex(self._position[row], column, row)

    # what Qt asks
    def index(self, row: int, column: int, parent: Index | None = None) -> QModelIndex:
        above = parent.internalId() if parent is not None and parent.isValid() else -1
        siblings = self._children.get(above, ())
        if not (0 <= row < len(siblings) and 0 <= column < len(HEADS)):
            return QModelIndex()
        return self.createIndex(row, column, siblings[row])

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        if not index.isValid():
            return QModelIndex()
        above = self.outline.parents[index.internalId()]
        return QModelIndex() if above < 0 else self.index_of(above)

    def rowCount(self, parent: Index | None = None) -> int:
        if parent is None or not parent.isValid():
            return len(self._children.get(-1, ()))
        return 0 if parent.column() else len(self._children.get(parent.internalId(), ()))

    def columnCount(self, parent: Index | None = None) -> int:
        return len(HEADS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.element(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cell(row, index.column())
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._ink(index, row)
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == HEADS.index("Length"):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == HEADS.index("Name"):
            return f"{row.name} · {row.keyword}" if row.keyword else row.name
        return None

    def _cell(self, row: Element, column: int) -> str:
        if column == HEADS.index("Length"):
            if row.length == UNDEFINED:
                return "undefined"
            return f"{row.length:,}" if row.length >= 0 else ""
        if column == HEADS.index("Value"):
            told = value_text(row, self.identity_shown)
            told = told if len(told) <= _CELL else f"{told[:_CELL]} …"
            return " ⏎ ".join(told.splitlines())
        return (row.tag, row.name, row.vr)[column]

    def _ink(self, index: Index, row: Element) -> Any:
        quiet = self._matches is not None and index.internalId() not in self._matches
        if index.column() == HEADS.index("Value"):
            quiet = quiet or not row.value or (row.personal and not self.identity_shown)
        return colour("quiet") if quiet else None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return HEADS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = section == HEADS.index("Length")
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None
