"""The look of the window: one dark palette, quiet around the scan, and the bundled font."""

from __future__ import annotations

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

import resources
from viewer.canvas.decorations import FAMILY

_BASE, _PANEL, _RAISED, _LINE = "#0f1218", "#161a22", "#212735", "#2c3444"
_TEXT, _QUIET, _ACCENT = "#e2e8f0", "#94a3b8", "#f0a63c"

_SHEET = f"""
QMainWindow, QDialog {{ background: {_BASE}; }}
QMainWindow::separator {{ background: {_BASE}; width: 5px; height: 5px; }}
QDockWidget {{ color: {_QUIET}; font-weight: 600; }}
QDockWidget {{ titlebar-close-icon: url({{icons}}/close.png); }}
QDockWidget::close-button {{ border: none; background: transparent; padding: 0; }}
QDockWidget::close-button:hover {{ background: {_RAISED}; border-radius: 3px; }}
QStatusBar QLabel {{ padding: 0 12px; color: {_QUIET}; }}
QStatusBar::item {{ border: none; }}
QDockWidget::title {{ background: {_PANEL}; padding: 7px 10px; text-align: left; }}
QDockWidget > QWidget {{ background: {_PANEL}; }}
QMenuBar, QMenu, QStatusBar, QToolBar {{ background: {_PANEL}; color: {_TEXT}; border: none; }}
QMenuBar::item {{ padding: 5px 10px; }}
QMenu {{ border: 1px solid {_LINE}; padding: 4px; }}
QMenu::item {{ padding: 5px 26px 5px 22px; border-radius: 3px; }}
QMenu::item:selected, QMenuBar::item:selected {{ background: {_RAISED}; }}
QMenu::item:disabled {{ color: #5b6577; }}
QMenu::separator {{ height: 1px; background: {_LINE}; margin: 4px 8px; }}
QTreeView, QListView, QTableView {{ background: {_PANEL}; border: none; outline: none; }}
QTreeView::item {{ padding: 3px 2px; }}
QTableView::item:selected {{ background: {_LINE}; color: {_TEXT}; }}
QTreeView::item:selected, QListView::item:selected {{ background: {_RAISED}; color: {_TEXT}; }}
QListView::item:selected {{ border: 2px solid {_ACCENT}; border-radius: 4px; }}
QTreeView:focus, QListView:focus {{ border: 1px solid {_LINE}; }}
QHeaderView::section {{ background: {_PANEL}; color: {_QUIET}; border: none; padding: 3px; }}
QSlider::groove:horizontal {{ height: 4px; background: {_LINE}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {_ACCENT}; border-radius: 2px; }}
QSlider::handle:horizontal {{ background: {_TEXT}; width: 14px; height: 14px; margin: -5px 0;
    border-radius: 7px; }}
QSlider::handle:horizontal:focus {{ background: {_ACCENT}; }}
QCheckBox {{ spacing: 7px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid #5b6577; border-radius: 3px; }}
QCheckBox::indicator:checked {{ background: {_ACCENT}; border-color: {_ACCENT};
    image: url({{icons}}/check.png); }}
QCheckBox::indicator:focus, QCheckBox::indicator:hover {{ border-color: {_TEXT}; }}
QCheckBox:disabled {{ color: #5b6577; }}
QTabBar {{ background: {_BASE}; }}
QTabBar::tab {{ background: {_BASE}; color: {_QUIET}; border: none; padding: 6px 5px;
    font-size: 12px; border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ background: {_PANEL}; color: {_TEXT}; border-bottom-color: {_ACCENT}; }}
QTabBar::tab:hover {{ color: {_TEXT}; }}
QTabBar::tab:focus {{ border-bottom-color: {_TEXT}; }}
QScrollBar {{ background: {_PANEL}; border: none; }}
QScrollBar:vertical {{ width: 10px; }} QScrollBar:horizontal {{ height: 10px; }}
QScrollBar::handle {{ background: {_LINE}; border-radius: 4px; min-width: 24px; min-height: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: none; }}
QToolTip {{ background: {_RAISED}; color: {_TEXT}; border: 1px solid {_LINE}; padding: 4px; }}
QLabel[quiet="true"] {{ color: {_QUIET}; }}
QWidget[welcome="true"] {{ background: #000000; }}
QLabel[title="true"] {{ font-size: 22px; font-weight: 600; }}
QLabel[strip="true"] {{ background: #3a2808; color: #ffc457; font-weight: 600; font-size: 12px;
    padding: 5px; }}
QPushButton {{ background: {_RAISED}; border: 1px solid {_LINE}; border-radius: 5px;
    padding: 8px 16px; }}
QPushButton:hover {{ background: {_LINE}; }}
QPushButton:focus {{ border-color: {_ACCENT}; }}
QPushButton[primary="true"] {{ background: {_ACCENT}; color: {_BASE}; border-color: {_ACCENT};
    font-weight: 600; }}
QPushButton[primary="true"]:disabled {{ background: {_RAISED}; color: {_QUIET};
    border-color: {_LINE}; }}
QPushButton[primary="true"]:hover {{ background: #ffbe5c; }}
QPushButton:checked {{ background: {_ACCENT}; color: {_BASE}; border-color: {_ACCENT}; }}
QPushButton:disabled {{ color: #5b6577; background: {_PANEL}; }}
QLineEdit, QPlainTextEdit {{ background: {_RAISED}; border: 1px solid {_LINE}; border-radius: 4px;
    padding: 3px 6px; }}
QLineEdit:focus, QPlainTextEdit:focus {{ border-color: {_ACCENT}; }}
QPushButton[small="true"] {{ padding: 1px 10px; }}
QProgressBar {{ background: {_LINE}; border: none; border-radius: 3px; }}
QProgressBar::chunk {{ background: {_ACCENT}; border-radius: 3px; }}
QLabel[message="true"] {{ background: #3a2808; color: #ffc457; padding: 6px 12px; }}
"""


def load_fonts() -> None:
    """Add the bundled font, so that text looks the same on a machine without any."""
    for name in ("Inter-Regular.otf", "Inter-SemiBold.otf"):
        QFontDatabase.addApplicationFont(str(resources.path("fonts", name)))


def apply(application: QApplication) -> None:
    load_fonts()
    font = QFont(FAMILY)
    font.setPixelSize(13)
    application.setFont(font)
    application.setStyle("Fusion")
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, _PANEL),
        (QPalette.ColorRole.Base, _PANEL),
        (QPalette.ColorRole.AlternateBase, _RAISED),
        (QPalette.ColorRole.Button, _RAISED),
        (QPalette.ColorRole.WindowText, _TEXT),
        (QPalette.ColorRole.Text, _TEXT),
        (QPalette.ColorRole.ButtonText, _TEXT),
        (QPalette.ColorRole.BrightText, _ACCENT),
        (QPalette.ColorRole.ToolTipBase, _RAISED),
        (QPalette.ColorRole.ToolTipText, _TEXT),
        (QPalette.ColorRole.Highlight, _ACCENT),
        (QPalette.ColorRole.HighlightedText, _BASE),
        (QPalette.ColorRole.Link, _ACCENT),
        (QPalette.ColorRole.PlaceholderText, _QUIET),
    ):
        palette.setColor(role, QColor(colour))
    disabled = QColor("#5b6577")
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, disabled)
    application.setPalette(palette)
    icons = resources.path("icons").as_posix()
    application.setStyleSheet(_SHEET.replace("{icons}", icons))
