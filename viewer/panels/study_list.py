"""Studies, series and images, and the files that could not be opened, with the reason."""

from __future__ import annotations

from collections import defaultdict

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from viewer.dicom.study import Rejected, Series, Study
from viewer.state.session import Place, Session

_MOST_ROWS = 100  # images of a series that have rows of their own; longer ones are scrolled
_PLACE = Qt.ItemDataRole.UserRole
_QUIET = QColor(148, 163, 184)


def _series_text(series: Series, identity_shown: bool) -> str:
    first = series.instances[0].attributes
    part = first.body_part.title()
    described = series.description if identity_shown else ""
    name = described or part or "series without a description"
    images = sum(instance.frames for instance in series.instances)
    count = f"{images} images" if images > 1 else ""
    return " · ".join(text for text in (series.modality, name, count) if text)


def _object_text(row: Rejected) -> str:
    modality = "" if row.attributes is None else row.attributes.modality
    return " · ".join(part for part in (modality, row.kind) if part)


def _refused_rows(rows: list[tuple[str, str]]) -> list[QTreeWidgetItem]:
    """A row for each (text, reason); the first ones, of thousands."""
    shown = rows[:_MOST_ROWS]
    if len(rows) > _MOST_ROWS:
        shown.append((f"and {len(rows) - _MOST_ROWS} more", ""))
    made = []
    for text, reason in shown:
        item = QTreeWidgetItem([text])
        item.setToolTip(0, reason)
        item.setForeground(0, _QUIET)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        made.append(item)
    return made


class StudyList(QWidget):
    """A tree: study → series → image. Choosing a row opens its image."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filled_with = session.identity_shown
        self._rows: dict[tuple[str, ...], QTreeWidgetItem] = {}  # of studies and of series
        self._row_of: dict[int, QTreeWidgetItem] = {}  # by the series of the session's scan
        self._seen: set[tuple[str, ...]] = set()
        self.tree = QTreeWidget(self)
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(14)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.tree.setAccessibleName("Studies")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.tree)
        self.tree.currentItemChanged.connect(self._chosen)
        self.tree.itemExpanded.connect(self._add_images)
        session.scanChanged.connect(self._fill)
        session.placeChanged.connect(self._mark)
        session.overlayChanged.connect(self._retitle)

    def _study_text(self, study: Study, number: int) -> str:
        """Who, and below it what and when; a number while the identity is hidden."""
        if not self._session.identity_shown:
            return f"Study {number}\nidentity hidden"
        what = " · ".join(part for part in (study.date, study.description) if part)
        return "\n".join(part for part in (study.patient_name or "no name", what) if part)

    def _fill(self) -> None:
        """All rows anew; what is open or closed, and what is in view, stays so. Rows are put in
        all at once, since there may be thousands, again and again while a disc is read."""
        blocker = QSignalBlocker(self.tree)
        bar = self.tree.verticalScrollBar()
        scrolled = bar.value()
        opened = {key for key, row in self._rows.items() if row.isExpanded()}
        self.tree.clear()
        self._rows, self._row_of = {}, {}
        objects: defaultdict[tuple[str, str, str], list[Rejected]] = defaultdict(list)
        for refused in self._session.rejected:
            if refused.kind:
                objects[refused.study_key].append(refused)
        roots: list[QTreeWidgetItem] = []
        closed = []
        for number, study in enumerate(self._session.studies, 1):
            root = QTreeWidgetItem([self._study_text(study, number)])
            root.addChildren([self._series_row(study, series) for series in study.series])
            root.addChildren(self._object_rows(objects.pop(study.key, [])))
            roots.append(root)
            self._rows[study.key] = root
            if study.key in self._seen and study.key not in opened:
                closed.append(root)
            self._seen.add(study.key)
        alone = [row for rows in objects.values() for row in rows]
        faulty = [row for row in self._session.rejected if not row.kind]
        groups = [("Without images", [(_object_text(row), row.reason) for row in alone])]
        groups += [("Not opened", [(self._reason(row), self._reason(row)) for row in faulty])]
        roots += [self._group(title, rows) for title, rows in groups if rows]
        self.tree.addTopLevelItems(roots)
        self.tree.expandToDepth(0)
        for root in closed:
            root.setExpanded(False)
        for key in opened & self._rows.keys():
            self._add_images(self._rows[key])
            self._rows[key].setExpanded(True)
        self._filled_with = self._session.identity_shown
        self._mark()
        bar.setValue(scrolled)
        del blocker

    def _series_row(self, study: Study, series: Series) -> QTreeWidgetItem:
        text = _series_text(series, self._session.identity_shown)
        row = QTreeWidgetItem([text])
        row.setData(0, _PLACE, Place(series, 0))
        row.setToolTip(0, text)
        if 2 <= len(series.instances) <= _MOST_ROWS:
            row.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        self._rows[(*study.key, series.uid)] = self._row_of[id(series)] = row
        return row

    def _add_images(self, row: QTreeWidgetItem) -> None:
        """The images of a series that is opened in the tree; not before, as there may be many."""
        place = row.data(0, _PLACE)
        if row.childCount() or not isinstance(place, Place):
            return
        for position, instance in enumerate(place.series.instances):
            frames = f", {instance.frames} frames" if instance.frames > 1 else ""
            item = QTreeWidgetItem(row, [f"image {position + 1}{frames}"])
            item.setData(0, _PLACE, Place(place.series, position))

    def _reason(self, row: Rejected) -> str:
        """Why a file was not opened; the names of files may be those of patients."""
        hidden = not self._session.identity_shown
        return row.reason.replace(row.path.name, "A file") if hidden else row.reason

    def _object_rows(self, rows: list[Rejected]) -> list[QTreeWidgetItem]:
        return _refused_rows(
            [(f"{_object_text(row)}, no image", self._reason(row)) for row in rows]
        )

    def _group(self, title: str, rows: list[tuple[str, str]]) -> QTreeWidgetItem:
        """A heading with a row for each (text, reason)."""
        root = QTreeWidgetItem([f"{title} ({len(rows)})"])
        root.setForeground(0, _QUIET)
        root.addChildren(_refused_rows(rows))
        return root

    def _retitle(self) -> None:
        if self._session.identity_shown != self._filled_with:
            self._fill()

    def _mark(self) -> None:
        """Select the row of the open image without opening it again."""
        blocker = QSignalBlocker(self.tree)
        place = self._session.place
        row = None if place is None else self._row_of.get(id(place.series))
        if place is not None and row is not None:
            image = row.child(place.position)  # its own row, where it has one
            self.tree.setCurrentItem(row if image is None else image)
        del blocker

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        place = item.data(0, _PLACE) if item is not None else None
        if isinstance(place, Place):
            self._session.set_place(place)
        elif item is not None and item.parent() is None and item.childCount():
            first = item.child(0)
            place = None if first is None else first.data(0, _PLACE)
            if isinstance(place, Place):
                self._session.set_place(place)
