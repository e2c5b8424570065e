"""What is beside the main picture, how much the two look alike, and what both answer."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSignalBlocker, Qt
from PySide6.QtGui import QPainter, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QScrollArea,
    QStyleOptionViewItem,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from engine.presets import PRESETS, preset_name
from engine.results import Explanation
from resources import MODEL_NAMES
from viewer.dicom.study import Scan
from viewer.palette import colour
from viewer.panels.rows import Row
from viewer.render.difference import Likeness, figure
from viewer.state.comparing import MOST
from viewer.state.linking import By
from viewer.state.others import Other, layer_words, same_and_other, short_name
from viewer.state.place import Place
from viewer.state.priors import image_words, other_of, others_like
from viewer.state.session import Session
from viewer.state.words import readable
from viewer.state.workbench import Workbench

Cells = tuple[str, str, str]
_CELLS = Qt.ItemDataRole.UserRole
_NUMBER = 74.0  # pixels of a column of numbers
_CLASSES = 5  # offered, and shown with their probabilities
_IMAGES = 6  # offered; any other one is in the list of studies
_INVITATION = (
    "Choose what to see beside the main picture: another network, one that never learnt anything, "
    "another class, another method or another image (Ctrl+click in the list of studies). Position, "
    "zoom and depth of the layer are linked."
)
_ABOUT_UNTRAINED = (
    "An untrained network can lie on anatomy, too: what is the same in both says nothing about "
    "learning."
)
_ONE_WINDOW = (
    "Both have the value window of the main map: the same colour is the same response; what is "
    "stronger is shown as its top."
)
_ABOUT_IMAGES = (
    "Wheel and window tool work on the picture under the mouse; one window holds for both where "
    "both have values in the same units."
)
_LINKED: dict[By, str] = {
    "place": "Linked by the patient's coordinates, in one scale.",
    "millimetres": "Linked in millimetres from the middle of each image, in one scale.",
    "share": "Linked by shares of the frame, not in one scale.",
}
_OWN_WINDOWS = "Each has its own value window: colours show where, not how much."
_CHANCE = (
    "Chance is what the other map reaches turned left to right, away from the same places; "
    "symmetric anatomy raises it."
)
_SIGNS = (
    "Difference: + (solid lines) where the main map has more, − (dashed) where the other has, when "
    "both hold the same total; 1 is a response spread evenly."
)


def choices(session: Session) -> list[tuple[str, Other | None]]:
    """What can be chosen now, with the words for it."""
    explanation = session.explanation
    answered = () if explanation is None else explanation.predictions
    target = "" if explanation is None else explanation.target
    classes = [item for item in answered if item.name != target][: _CLASSES - 1]
    layers = () if explanation is None else explanation.layers
    return [
        ("nothing", None),
        *((f"model: {name}", Other("model", name)) for name in _other_models(session)),
        ("untrained, same shape", Other("untrained")),
        *(
            (
                f"class: {readable(item.name)} (p = {item.probability:.3f})",
                Other("class", item.name),
            )
            for item in classes
        ),
        *(
            (f"layer: {layer_words(layer, len(layers))}", Other("layer", layer.name))
            for number, layer in enumerate(layers)
            if number != session.layer_index
        ),
        *(
            (f"method: {name}", Other("method", name))
            for name in PRESETS
            if name != preset_name(session.method)
        ),
        ("the edited image", Other("edited")),
        ("the bare scan", Other("original")),
    ]


class _Images:
    """The likeliest other images; there may be thousands to choose from, so that they are looked
    through once for an image."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of: tuple[Scan, Place | None] | None = None
        self._found: list[tuple[str, Other | None]] = []

    def choices(self) -> list[tuple[str, Other | None]]:
        session, place = self._session, self._session.place
        if self._of is None or self._of[0] is not session.scan or self._of[1] is not place:
            self._of = session.scan, place
            likely = [] if place is None else others_like(session, place)[:_IMAGES]
            self._found = [(f"image: {image_words(session, p)}", other_of(p)) for p in likely]
        return self._found


def _other_models(session: Session) -> list[str]:
    return [name for name in reversed(MODEL_NAMES) if name != session.model]


class _Row(Row):
    """A class and its probabilities in two columns; the first row is the heading."""

    height = 21

    def draw(
        self,
        painter: QPainter,
        box: QRectF,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        name, here, there = index.data(_CELLS)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(colour("text" if index.row() else "quiet"))
        inner = box.adjusted(2, 0, -2, 0)
        for text, right in ((there, 0.0), (here, _NUMBER)):
            cell = QRectF(inner.right() - right - _NUMBER, inner.top(), _NUMBER, inner.height())
            fitted = painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideRight, int(_NUMBER) - 4
            )
            painter.drawText(cell, Qt.AlignmentFlag.AlignRight | middle, fitted)
        label = inner.adjusted(0, 0, -2 * _NUMBER, 0)
        painter.drawText(label, Qt.AlignmentFlag.AlignLeft | middle, name)


class _Table(QListWidget):
    """Rows of cells under a heading, as tall as they are; gone without any."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setItemDelegate(_Row(self))
        self.setAccessibleName(name)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._shown: list[Cells] = []
        self.hide()

    def show_rows(self, rows: list[Cells]) -> None:
        if rows == self._shown:
            return
        self._shown = rows
        self.clear()
        for cells in rows:
            item = QListWidgetItem(self)
            item.setData(_CELLS, cells)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, self._spoken(cells))
        self.setFixedHeight(len(rows) * _Row.height + 4)
        self.setVisible(bool(rows))

    def _spoken(self, cells: Cells) -> str:
        """A row in words: ``foot: main 0.004, other 0.013``."""
        (_, *columns), (name, *values) = self._shown[0], cells
        if cells == self._shown[0]:
            return name
        return f"{name}: " + ", ".join(
            f"{column} {value}".strip() for column, value in zip(columns, values, strict=True)
        )


class ComparePanel(QWidget):
    """Sets what is compared; says what is the same, what is other, and how alike it looks."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._comparing = workbench.session, workbench.comparing
        self._choices: list[tuple[str, Other | None]] = []
        self._images = _Images(workbench.session)
        self.combo = QComboBox()
        self.combo.setAccessibleName("Compare with")
        self.combo.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.combo.setMinimumContentsLength(14)
        self.combo.activated.connect(self._chosen)
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("Pictures beside the main one")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideNone)
        self.tabs.currentChanged.connect(self._comparing.choose)
        self.more = QPushButton("One more …")
        self.more.setProperty("small", True)
        self.more.setToolTip("Another picture beside these; four at most, two by two")
        self._menu = QMenu(self.more)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.more.setMenu(self._menu)
        self.difference = QCheckBox("Difference map")
        self.difference.setToolTip(
            "A third picture: what each map has more than the other, when both hold the same "
            "total response"
        )
        self.difference.toggled.connect(self._comparing.set_difference)
        self.alike = _Table("How alike the maps look")
        self.facts = _label("What is the same and what is other", quiet=True)
        self.answers = _Table("Probabilities of both answers")
        self.notes = _label("How to read the numbers and the difference", quiet=True)
        self._lay_out()
        self._comparing.changed.connect(self._read)
        self._session.explanationChanged.connect(self._read)
        self._session.requestChanged.connect(self._read)
        self._session.settings.changed.connect(self._read)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow(self.tabs)
        form.addRow("With", self.combo)
        form.addRow("", self.more)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addLayout(form)
        for widget in (self.difference, self.alike, self.facts, self.answers, self.notes):
            layout.addWidget(widget)
        layout.addStretch()
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(scroll)

    def _chosen(self, row: int) -> None:
        self._comparing.set_other(self._choices[row][1])

    def _fill_menu(self) -> None:
        self._menu.clear()
        for text, other in [*choices(self._session), *self._images.choices()]:
            if other is not None and other not in self._comparing.others:
                action = self._menu.addAction(text.replace("&", "&&"))
                action.triggered.connect(
                    lambda checked=False, other=other: self._comparing.add_other(other)
                )

    # what is shown
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._read()

    def _read(self) -> None:
        """Behind another tab nobody asks."""
        if not self.isVisible():
            return
        comparing = self._comparing
        self._fill_combo()
        blocker = QSignalBlocker(self.difference)
        self.difference.setChecked(comparing.difference)
        del blocker
        other = comparing.other
        self._fill_tabs()
        self.more.setVisible(0 < len(comparing.others) < MOST)
        self.difference.setEnabled(other is not None and other.kind not in ("original", "image"))
        found, main, theirs = comparing.likeness, self._session.explanation, comparing.explanation
        self.alike.show_rows([] if found is None else likeness_rows(found))
        notes = [_CHANCE, _SIGNS] if comparing.difference else [_CHANCE]
        self.notes.setText("" if found is None else "\n".join(notes))
        self.facts.setText("\n".join(self._sentences()))
        rows: list[Cells] = []
        if main is not None and theirs is not None and not theirs.withheld:
            rows = probabilities(main, theirs)
        self.answers.show_rows(rows)

    def _fill_tabs(self) -> None:
        """A tab a picture, where there are several; the numbers are about the one in front."""
        others = self._comparing.others
        blocker = QSignalBlocker(self.tabs)
        names = list(self._comparing.names)
        if names != [self.tabs.tabText(tab) for tab in range(self.tabs.count())]:
            while self.tabs.count():
                self.tabs.removeTab(0)
            for name in names:
                self.tabs.addTab(name)
        self.tabs.setCurrentIndex(self._comparing.chosen)
        self.tabs.setVisible(len(others) > 1)
        del blocker

    def _fill_combo(self) -> None:
        """The one that is chosen stays in the list, also where it makes no sense at present."""
        other = self._comparing.other
        rows = [*choices(self._session), *self._images.choices()]
        if other not in [value for _, value in rows]:
            assert other is not None
            rows.append((f"{other.kind}: {self._named(other)}", other))
        blocker = QSignalBlocker(self.combo)
        if rows != self._choices:
            self._choices = rows
            self.combo.clear()
            self.combo.addItems([text for text, _ in rows])
        self.combo.setCurrentIndex([value for _, value in rows].index(other))
        del blocker

    def _named(self, other: Other) -> str:
        """Another image, whose file may be called like the patient, as it is called here."""
        names = self._comparing.sides
        return short_name(other) if other.kind != "image" or names is None else names.other

    def _sentences(self) -> list[str]:
        comparing, main = self._comparing, self._session.explanation
        other, theirs = comparing.other, comparing.explanation
        if other is None:
            return [_INVITATION]
        if comparing.problem:
            return [comparing.problem]
        if other.kind == "original":
            return ["The same scan with nothing over it."]
        if other.kind == "image" and (main is None or theirs is None):
            return self._about_images()
        if main is None or theirs is None:
            return ["Explaining …"]
        if main.withheld:
            why = main.withheld_because
            first = f"{main.model.name} gives no output for the main image: {why}."
            return [first, *self._about_images()]
        if theirs.withheld:
            return [f"{theirs.model.name} gives no output: {theirs.withheld_because}."]
        return [
            same_and_other(other, main, theirs, self._session.layer_index),
            _ONE_WINDOW if comparing.shares_range else _OWN_WINDOWS,
            *self._about_images(),
            *([_ABOUT_UNTRAINED] if other.kind == "untrained" else []),
        ]

    def _about_images(self) -> list[str]:
        """How another image is linked; nothing beside one that is the same."""
        other, link = self._comparing.other, self._comparing.link
        if other is None or other.kind != "image":
            return []
        return [*([] if link is None else [_LINKED[link.by]]), _ABOUT_IMAGES]


def likeness_rows(found: Likeness) -> list[Cells]:
    """The two numbers, each beside its chance level."""
    return [
        ("How alike", "", "chance"),
        (
            "rank correlation ρ",
            figure(found.correlation),
            figure(found.mirrored_correlation),
        ),
        ("overlap", figure(found.overlap), figure(found.mirrored_overlap)),
    ]


def probabilities(main: Explanation, theirs: Explanation) -> list[Cells]:
    """A heading, then (class, in the main answer, in the other) of the most probable classes of
    both, those of the main one first; a dash for a class that a network does not know."""
    here, there = (
        {item.name: item.probability for item in answer.predictions} for answer in (main, theirs)
    )
    names = dict.fromkeys([*list(here)[:_CLASSES], *list(there)[:2]])
    rows = [(readable(n), _chance(here.get(n)), _chance(there.get(n))) for n in names]
    return [("Probability of", "main", "other"), *rows]


def _chance(probability: float | None) -> str:
    return "–" if probability is None else f"{probability:.3f}"


def _label(name: str, quiet: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setAccessibleName(name)
    label.setProperty("quiet", quiet)
    return label
