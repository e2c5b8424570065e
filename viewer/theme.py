"""The look of the window: the colours of the theme on every kind of widget; the bundled font."""

from __future__ import annotations

from string import Template

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

import resources
from viewer import palette
from viewer.canvas.fonts import FAMILY
from viewer.dresser import Dresser
from viewer.main_window import MainWindow
from viewer.state.settings import THEME, Setting, Settings

_SHEET = Template("""
QDialog { background: $base; }
QDialog[sheet="true"] { background: $panel; border: 1px solid $faint; }
QDockWidget { color: $quiet; font-weight: 600; }
QDockWidget { titlebar-close-icon: url($icons/close$suffix.png); }
QDockWidget::close-button { border: none; background: transparent; padding: 0; }
QDockWidget::close-button:hover { background: $raised; border-radius: 3px; }
QDockWidget::title { background: $panel; padding: 7px 10px; text-align: left; }
QDockWidget > QWidget { background: $panel; }
QStatusBar QLabel { padding: 0 12px; color: $quiet; }
QStatusBar::item { border: none; }
QMenuBar, QMenu, QStatusBar, QToolBar { background: $panel; color: $text; border: none; }
QMenuBar::item { padding: 5px 10px; }
QMenu { border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 5px 26px 5px 22px; border-radius: 3px; }
QMenu::item:selected, QMenuBar::item:selected { background: $line; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QToolBar { spacing: 2px; padding: 3px 6px; }
QToolBar::separator { background: $line; width: 1px; margin: 5px 5px; }
QToolButton { background: transparent; color: $text; border: 1px solid transparent;
    border-radius: 5px; padding: 4px; }
QToolButton:hover { background: $raised; }
QToolButton:checked { background: $line; border-color: $accent; }
QToolButton:disabled { color: $faint; }
QToolButton:focus { border-color: $focus; }
QTreeView, QListView, QTableView { background: $panel; border: 1px solid $panel; outline: none; }
QTreeView:focus, QListView:focus, QTableView:focus { border: 1px solid $focus; }
QTreeView::item { padding: 3px 2px; }
QTableView::item:selected { background: $line; color: $text; }
QTreeView::item:selected, QListView::item:selected { background: $raised; color: $text; }
QListView::item:selected { border: 2px solid $accent; border-radius: 4px; }
QHeaderView::section { background: $panel; color: $quiet; border: none; padding: 3px 6px; }
QSlider { border: 1px solid transparent; border-radius: 4px; }
QSlider:focus { border-color: $focus; }
QSlider::groove:horizontal { height: 4px; background: $line; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::sub-page:horizontal:disabled { background: $faint; }
QSlider::handle:horizontal { background: $text; width: 14px; height: 14px; margin: -5px 0;
    border-radius: 7px; }
QSlider::handle:horizontal:focus { background: $accent; }
QSlider::handle:horizontal:disabled { background: $faint; }
QCheckBox { spacing: 7px; border: 1px solid transparent; border-radius: 4px; padding: 1px; }
QCheckBox:focus { border-color: $focus; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $faint; border-radius: 3px; }
QCheckBox::indicator:checked { background: $accent; border-color: $accent;
    image: url($icons/check$suffix.png); }
QCheckBox::indicator:checked:disabled { background: $faint; border-color: $faint; }
QCheckBox::indicator:hover { border-color: $text; }
QCheckBox:disabled { color: $faint; }
QTabBar { background: $base; }
QTabBar::tab { background: $base; color: $quiet; border: none; padding: 6px 5px;
    font-size: 12px; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { background: $panel; color: $text; border-bottom-color: $accent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { border: 1px solid $focus; border-bottom: 2px solid $focus;
    padding: 5px 4px 6px 4px; }
QScrollBar { background: $panel; border: none; }
QScrollBar:vertical { width: 10px; } QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: $thumb; border-radius: 4px; min-width: 24px; min-height: 24px; }
QScrollBar::handle:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: none; }
QToolTip { background: $raised; color: $text; border: 1px solid $line; padding: 4px; }
QLabel[quiet="true"] { color: $quiet; }
QLabel[heading="true"] { font-size: 15px; font-weight: 600; }
QLabel:focus { border: 1px solid $focus; border-radius: 3px; }
QWidget[welcome="true"] { background: $base; }
QLabel[title="true"] { font-size: 22px; font-weight: 600; }
QLabel[strip="true"] { background: $warning_ground; color: $warning; font-weight: 600;
    font-size: 12px; padding: 5px; }
QPushButton { background: $raised; border: 1px solid $line; border-radius: 5px;
    padding: 8px 16px; }
QPushButton:hover { background: $line; }
QPushButton[primary="true"] { background: $accent; color: $on_accent; border-color: $accent;
    font-weight: 600; }
QPushButton[primary="true"]:hover { background: $accent_hover; }
QPushButton[primary="true"]:disabled { background: $raised; color: $quiet; border-color: $line; }
QPushButton:checked { background: $accent; color: $on_accent; border-color: $accent; }
QPushButton:disabled { color: $faint; background: $panel; }
QPushButton:focus, QPushButton[primary="true"]:focus { border: 2px solid $focus; }
QPushButton[small="true"] { padding: 1px 10px; }
QLineEdit, QPlainTextEdit { background: $raised; border-color: $line;
    selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QPlainTextEdit:focus { border-color: $focus; }
QLineEdit[search="true"] { font-size: 15px; padding: 7px 10px; border-radius: 6px; }
QComboBox, QAbstractSpinBox { background: $raised; border: 1px solid $line; border-radius: 4px;
    padding: 3px 6px; min-height: 16px; }
QComboBox:hover, QAbstractSpinBox:hover { border-color: $faint; }
QComboBox:focus, QAbstractSpinBox:focus { border: 2px solid $focus; padding: 2px 5px; }
QComboBox:disabled, QAbstractSpinBox:disabled { color: $faint; background: $panel; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url($icons/down$suffix.png); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $line; outline: none;
    selection-background-color: $line; selection-color: $text; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; width: 18px;
    background: transparent; }
QAbstractSpinBox::up-arrow { image: url($icons/up$suffix.png); width: 10px; height: 10px; }
QAbstractSpinBox::down-arrow { image: url($icons/down$suffix.png); width: 10px; height: 10px; }
QAbstractSpinBox QLineEdit, QComboBox QLineEdit { border: none; padding: 0;
    background: transparent; }
QAbstractSpinBox QLineEdit { padding: 0 5px; }
QListView[groups="true"]::item { padding: 0 10px; border-radius: 4px; }
QTableView::item { padding: 0 4px; }
QTextBrowser { background: $panel; border: 1px solid $panel; }
QTextBrowser:focus { border-color: $focus; }
QScrollArea { border: 1px solid transparent; }
QScrollArea:focus { border-color: $focus; }
QProgressBar { background: $line; border: none; border-radius: 3px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QLabel[message="true"] { background: $warning_ground; color: $warning; padding: 6px 12px; }
""")
_WINDOW_SHEET = """
QMainWindow::separator { border: none; width: 5px; height: 5px; }
QLineEdit, QPlainTextEdit { border: 1px solid transparent; border-radius: 4px; padding: 3px 6px; }
"""
"""The window itself wears what has no colour, since a change would restyle all that is in it at one
stroke: separators let its ground through, which its palette gives, and fields have their size
before anything is polished, when Qt's file dialog cuts its buttons to it."""
_ROLES = (
    (QPalette.ColorRole.Base, "panel"),
    (QPalette.ColorRole.AlternateBase, "raised"),
    (QPalette.ColorRole.Button, "raised"),
    (QPalette.ColorRole.WindowText, "text"),
    (QPalette.ColorRole.Text, "text"),
    (QPalette.ColorRole.ButtonText, "text"),
    (QPalette.ColorRole.BrightText, "accent"),
    (QPalette.ColorRole.ToolTipBase, "raised"),
    (QPalette.ColorRole.ToolTipText, "text"),
    (QPalette.ColorRole.Highlight, "accent"),
    (QPalette.ColorRole.HighlightedText, "on accent"),
    (QPalette.ColorRole.Link, "accent"),
    (QPalette.ColorRole.PlaceholderText, "quiet"),
)


def load_fonts() -> None:
    """Add the bundled font, so that text looks the same on a machine without any."""
    for name in ("Inter-Regular.otf", "Inter-SemiBold.otf"):
        QFontDatabase.addApplicationFont(str(resources.path("fonts", name)))


def apply(application: QApplication, theme: str) -> None:
    """Font, style and the colours of a theme, when the program starts."""
    load_fonts()
    font = QFont(FAMILY)
    font.setPixelSize(13)
    application.setFont(font)
    application.setStyle("Fusion")
    wear(application, theme)


def wear(application: QApplication, theme: str) -> None:
    """The colours of a theme for all that Qt's style paints, then for who paints or dresses itself,
    for that may look at the former."""
    application.setPalette(qt_palette(theme))
    behind = qt_palette(theme, ground="base")
    application.setPalette(behind, "QMainWindow")  # type: ignore[arg-type]  # takes str alone
    palette.use(theme)


def sheet(theme: str) -> str:
    """The style sheet in the colours of a theme."""
    colours = {name.replace(" ", "_"): value for name, value in palette.THEMES[theme].items()}
    return _SHEET.substitute(
        colours,
        thumb=colours["bar" if theme == "light" else "line"],
        suffix="" if theme == "dark" else "-light",
        icons=resources.path("icons").as_posix(),
    )


def qt_palette(theme: str, ground: str = "panel") -> QPalette:
    """For what the style paints itself; ``ground`` names the colour behind everything."""
    colours, made = palette.THEMES[theme], QPalette()
    for role, name in _ROLES:
        made.setColor(role, QColor(colours[name]))
    made.setColor(QPalette.ColorRole.Window, QColor(colours[ground]))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours["faint"]))
    return made


class Following(QObject):
    """Keeps a window in the theme that is chosen, and in the system's if that is."""

    def __init__(self, application: QApplication, window: MainWindow, settings: Settings) -> None:
        super().__init__(settings)
        self._application, self._settings = application, settings
        window.setStyleSheet(_WINDOW_SHEET)
        apply(application, self.theme)
        self._dresser = Dresser(window, sheet(self.theme))
        settings.changed.connect(self._setting_changed)
        application.styleHints().colorSchemeChanged.connect(self._wear)

    @property
    def theme(self) -> str:
        """The name of the theme that is wanted now; dark where the system does not say."""
        chosen = self._settings.get(THEME)
        if chosen != "as the system":
            return chosen
        scheme = self._application.styleHints().colorScheme()
        return "light" if scheme == Qt.ColorScheme.Light else "dark"

    def _setting_changed(self, setting: Setting[str]) -> None:
        if setting is THEME:
            self._wear()

    def _wear(self) -> None:
        if self.theme != palette.theme():
            wear(self._application, self.theme)
            self._dresser.change(sheet(self.theme))


def follow(application: QApplication, window: MainWindow, settings: Settings) -> None:
    """Give a window the look that the settings ask for, now and whenever they change."""
    Following(application, window, settings)
