"""The two themes: everything can be read, also by who takes red for green, and no panel has colours
of its own."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import viewer
from viewer import palette, theme
from viewer.main_window import MainWindow
from viewer.palette import THEMES
from viewer.panels.quiet_plot import QuietPlot
from viewer.state.settings import THEME, Settings

pytestmark = pytest.mark.usefixtures("dark_again")
_READ, _SEEN = 4.5, 3.0  # WCAG 2.2: 1.4.3 of text, 1.4.11 of what controls are told by
_WORDS = ("text", "quiet", "accent", "warning", "good", "bad", "series")
_GROUNDS = ("base", "panel", "raised")
# Viénot, Brettel and Mollon (1999): linear RGB as who lacks one kind of cone sees it
_BLIND = {
    "normal": np.eye(3),
    "protan": np.array(
        [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]], np.float64
    ),
    "deutan": np.array(
        [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]], np.float64
    ),
}
_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], np.float64
)


def _linear(colour: str) -> NDArray[np.float64]:
    """``#rrggbb`` → linear RGB, (3,) in 0…1."""
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours, 1 to 21."""
    low, high = sorted(float(_TO_XYZ[1] @ _linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _lab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear RGB → CIELAB under D65, (3,)."""
    xyz = _TO_XYZ @ np.clip(linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_ratio_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", THEMES)
def test_all_words_can_be_read_on_every_ground(name: str) -> None:
    colours = THEMES[name]
    pairs = [(word, ground) for word in _WORDS for ground in _GROUNDS]
    pairs += [("text", "line"), ("quiet", "line"), ("warning", "warning ground")]
    pairs += [("on accent", "accent"), ("on accent", "accent hover")]
    pairs += [("text", "bar"), ("text", "bar target")]
    poor = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < _READ} == {}


@pytest.mark.parametrize("name", THEMES)
def test_edges_and_the_ring_around_what_has_the_keyboard_can_be_seen(name: str) -> None:
    colours = THEMES[name]
    pairs = [(edge, ground) for edge in ("faint", "before") for ground in ("panel", "raised")]
    pairs += [("focus", ground) for ground in (*_GROUNDS, "line")]
    poor = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < _SEEN} == {}


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("eye", _BLIND)
def test_no_eye_takes_one_meaning_for_another(name: str, eye: str) -> None:
    """What differs in nothing but colour is far apart for all (ΔE*ab; 2.3 is just noticeable)."""
    seen = {key: _lab(_BLIND[eye] @ _linear(value)) for key, value in THEMES[name].items()}
    for one, other in (*combinations(("good", "bad"), 2), ("accent", "series")):
        assert np.linalg.norm(seen[one] - seen[other]) > 20, (one, other)


def test_both_themes_have_the_same_names() -> None:
    dark, light = THEMES["dark"], THEMES["light"]
    assert list(dark) == list(light)
    for colours in (dark, light):
        assert all(re.fullmatch("#[0-9a-f]{6}", value) for value in colours.values())


def test_an_unknown_theme_is_refused_and_changes_nothing() -> None:
    with pytest.raises(ValueError, match="sepia"):
        palette.use("sepia")
    assert palette.theme() == "dark"


def test_no_panel_and_no_sheet_has_colours_of_its_own() -> None:
    """Else they would stay as they are in the other theme."""
    folder = Path(viewer.__file__).parent
    files = [*(folder / "panels").glob("*.py"), folder / "theme.py", folder / "toolbar.py"]
    dialogs = ("find", "help", "key_caps", "key_editor", "keys", "preferences", "settings_page")
    files += [folder / "dialogs" / f"{name}.py" for name in dialogs]
    own = [
        f"{file.name}: {found}"
        for file in files
        for found in re.findall(r'"#[0-9a-fA-F]{6}|color: ?#[0-9a-fA-F]{6}', file.read_text())
    ]
    assert own == []


def test_the_theme_follows_the_setting_at_once(qapp: QApplication, qtbot: QtBot) -> None:
    settings, window = Settings(), MainWindow()
    qtbot.addWidget(window)
    window.show()
    theme.follow(qapp, window, settings)
    assert palette.theme() == "dark"
    bar = window.menuBar()
    assert THEMES["dark"]["panel"] in bar.styleSheet()
    with qtbot.waitSignal(palette.themes.changed):
        settings.set(THEME, "light")
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == THEMES["light"]["panel"]
    qtbot.waitUntil(lambda: bar.styleSheet() == theme.sheet("light"))
    assert window.palette().color(QPalette.ColorRole.Window).name() == THEMES["light"]["base"]
    settings.set(THEME, "dark")
    qtbot.waitUntil(lambda: bar.styleSheet() == theme.sheet("dark"))
    settings.deleteLater()


@pytest.mark.parametrize("name", THEMES)
def test_a_sheet_has_the_colours_of_its_theme_alone(name: str) -> None:
    sheet = theme.sheet(name)
    assert THEMES[name]["panel"] in sheet
    assert set(re.findall("#[0-9a-f]{6}", sheet)) <= set(THEMES[name].values())
    assert "$" not in sheet
    for url in re.findall(r"url\((.*?)\)", sheet):
        assert Path(url).is_file()


def test_a_plot_takes_on_the_colours_of_the_theme(qtbot: QtBot) -> None:
    plot = QuietPlot(None, "depth", "lift")
    plot.add_legend((0, 0), 0)
    plot.curve(name="area")
    qtbot.addWidget(plot)
    plot.resize(200, 150)
    for name in ("dark", "light"):
        palette.use(name)
        plot.dye()
        assert plot.grab().toImage().pixelColor(1, 1).name() == THEMES[name]["panel"]
        pen = plot.axis("bottom").pen().color().name()
        assert pen == plot.axis("left").textPen().color().name() == THEMES[name]["quiet"]
        assert plot.axis("bottom").labelText == "depth"
        (_, label), *_ = plot.legend.items
        assert THEMES[name]["quiet"] in label.item.toHtml()
    plot.close()
