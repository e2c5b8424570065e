"""packaging/bootstrap.py, without a network: what it decides and what it says."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "packaging"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

LDD = """\
\tlinux-vdso.so.1 (0x00007ffd)
\tlibEGL.so.1 => not found
\tlibX11-xcb.so.1 => not found
\tlibgthread-2.0.so.0 => not found
\tlibglib-2.0.so.0 => not found
\tlibEGL.so.1 => not found
\tlibQt6Gui.so.6 => /venv/lib/libQt6Gui.so.6 (0x00007f)
\tlibc.so.6 => /lib/libc.so.6 (0x00007f)
"""


def _load(name: str) -> ModuleType:
    """A script of a folder that is no package, as if it had been started from there."""
    specification = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = _load("system_packages")
    monkeypatch.setitem(sys.modules, "system_packages", module)
    return module


@pytest.fixture
def bootstrap(system: ModuleType) -> ModuleType:
    return _load("bootstrap")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository that has only what decides about the installation."""
    root = tmp_path / "project"
    (root / "packaging").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    (root / "packaging" / "constraints.txt").write_text("a==1\n", encoding="utf-8")
    return root


@pytest.fixture
def venv(project: Path, bootstrap: ModuleType) -> Path:
    """What looks like a complete environment for ``run``."""
    folder = project / ".venv"
    for name in ("python", "attentive-viewer"):
        path = bootstrap.program(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    major, minor = sys.version_info[:2]
    (folder / "pyvenv.cfg").write_text(f"home = x\nversion = {major}.{minor}.7\n", encoding="utf-8")
    bootstrap.write_stamp(folder, project, [])
    return folder


# The version of Python


@pytest.mark.parametrize("version", [(3, 8), (3, 10), (3, 14), (4, 0)])
def test_a_python_that_does_not_do_is_refused_in_a_sentence(
    bootstrap: ModuleType, version: tuple[int, int]
) -> None:
    refusal = bootstrap.version_refusal(version)
    assert "needs Python 3.11, 3.12 or 3.13" in refusal
    assert f"this is Python {version[0]}.{version[1]}:" in refusal


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_python_that_does_is_not_refused(bootstrap: ModuleType, version: tuple[int, int]) -> None:
    assert bootstrap.version_refusal(version) is None


def test_the_versions_are_those_of_the_project() -> None:
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"


def test_the_refusal_is_all_that_an_old_python_gets_to_see(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert bootstrap.main(["run"]) != 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("name", ["bootstrap", "system_packages"])
def test_python_3_8_can_read_the_scripts(name: str) -> None:
    source = (SCRIPTS / f"{name}.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))


# What is installed already


def test_nothing_is_done_twice(bootstrap: ModuleType, venv: Path, project: Path) -> None:
    assert bootstrap.is_fresh(venv, project, [])


@pytest.mark.parametrize("name", ["pyproject.toml", "packaging/constraints.txt"])
def test_changed_pins_are_installed(
    bootstrap: ModuleType, venv: Path, project: Path, name: str
) -> None:
    (project / name).write_text("b==2\n", encoding="utf-8")
    assert not bootstrap.is_fresh(venv, project, [])
    assert bootstrap.is_usable(venv, project)


def test_the_test_extra_comes_on_top_and_then_serves_run_too(
    bootstrap: ModuleType, venv: Path, project: Path
) -> None:
    assert not bootstrap.is_fresh(venv, project, ["test"])
    bootstrap.write_stamp(venv, project, ["test"])
    assert bootstrap.is_fresh(venv, project, ["test"])
    assert bootstrap.is_fresh(venv, project, [])


@pytest.mark.parametrize("text", ["", "[]", "{", '{"extras": 3}'])
def test_a_damaged_stamp_is_no_stamp(
    bootstrap: ModuleType, venv: Path, project: Path, text: str
) -> None:
    (venv / "bootstrap.json").write_text(text, encoding="utf-8")
    assert not bootstrap.is_fresh(venv, project, [])
    assert bootstrap.is_usable(venv, project)


def test_an_environment_of_another_python_is_made_anew(
    bootstrap: ModuleType, venv: Path, project: Path
) -> None:
    (venv / "pyvenv.cfg").write_text("version = 3.1.4\n", encoding="utf-8")
    assert not bootstrap.is_usable(venv, project)


def test_an_environment_that_was_moved_is_made_anew(
    bootstrap: ModuleType, venv: Path, project: Path
) -> None:
    moved = project.with_name("moved")
    project.rename(moved)
    assert not bootstrap.is_usable(moved / ".venv", moved)


def test_an_environment_whose_python_is_gone_is_made_anew(
    bootstrap: ModuleType, venv: Path, project: Path
) -> None:
    bootstrap.program(venv, "python").unlink()
    assert not bootstrap.is_usable(venv, project)


def test_no_environment_is_not_fresh(bootstrap: ModuleType, project: Path) -> None:
    assert not bootstrap.is_fresh(project / ".venv", project, [])


def test_set_up_keeps_extras_and_makes_no_environment_that_is_there(
    bootstrap: ModuleType, venv: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    bootstrap.write_stamp(venv, project, ["test"])
    (project / "pyproject.toml").write_text("[project]\nname = 'b'\n", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "ROOT", project)
    monkeypatch.setattr(bootstrap, "VENV", venv)
    monkeypatch.setattr(bootstrap, "make_venv", lambda venv: pytest.fail("made anew"))
    monkeypatch.setattr(bootstrap, "install", lambda venv, root, extras: asked.append(extras))
    bootstrap.set_up([])
    assert asked == [["test"]]


def test_a_python_without_ensurepip_is_one_sentence(
    bootstrap: ModuleType, venv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(bootstrap.Trouble, match=r"^This Python .* apt install python3-venv$"):
        bootstrap.make_venv(venv)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "  Downloading torch-2.13.0-cp311.whl (191.8 MB)\n",
            "  torch-2.13.0-cp311.whl (191.8 MB)",
        ),
        ("Processing /wheels/a-1-py3.whl (from b==2)\n", "  a-1-py3.whl"),
        ("Downloading a-1-py3.whl.metadata (5.0 kB)\n", None),
        ("Collecting a\n", None),
        ("Requirement already satisfied: a\n", None),
    ],
)
def test_the_packages_are_told_as_they_come(
    bootstrap: ModuleType, line: str, told: str | None
) -> None:
    assert bootstrap.progress_of(line) == told


# System libraries


def test_the_sentence_names_what_is_missing_and_its_packages(system: ModuleType) -> None:
    missing = system.missing_libraries(LDD)
    assert missing == [
        "libEGL.so.1",
        "libX11-xcb.so.1",
        "libglib-2.0.so.0",
        "libgthread-2.0.so.0",
    ]
    sentence = system.missing_sentence(missing)
    assert sentence.endswith("apt install libegl1 libglib2.0-0 libx11-xcb1")
    assert "\n" not in sentence


def test_nothing_is_missing_where_everything_was_found(system: ModuleType) -> None:
    assert system.missing_libraries("\tlibc.so.6 => /lib/libc.so.6 (0x00007f)\n") == []
    assert system.missing_libraries("\tnot a dynamic executable\n") == []


@pytest.mark.parametrize(
    ("soname", "package"),
    [
        ("libGL.so.1", "libgl1"),
        ("libX11.so.6", "libx11-6"),
        ("libdbus-1.so.3", "libdbus-1-3"),
        ("libfontconfig.so.1", "libfontconfig1"),
        ("libfreetype.so.6", "libfreetype6"),
        ("libgcc_s.so.1", "libgcc-s1"),
        ("libstdc++.so.6", "libstdc++6"),
        ("libwayland-cursor.so.0", "libwayland-cursor0"),
        ("libxcb-cursor.so.0", "libxcb-cursor0"),
        ("libxcb-icccm.so.4", "libxcb-icccm4"),
        ("libxcb-render-util.so.0", "libxcb-render-util0"),
        ("libxcb.so.1", "libxcb1"),
        ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
        ("libxkbcommon.so.0", "libxkbcommon0"),
        ("libz.so.1", "zlib1g"),
        ("libzstd.so.1", "libzstd1"),
    ],
)
def test_the_package_of_every_library_that_qt_links_to(
    system: ModuleType, soname: str, package: str
) -> None:
    assert system.debian_package(soname) == package


@pytest.mark.parametrize(
    ("environment", "platforms"),
    [
        ({}, ["offscreen"]),
        ({"DISPLAY": ":0"}, ["xcb"]),
        ({"WAYLAND_DISPLAY": "wayland-0"}, ["wayland"]),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, ["xcb", "wayland"]),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, ["offscreen"]),
        ({"QT_QPA_PLATFORM": "wayland;xcb:x"}, ["wayland", "xcb"]),
    ],
)
def test_the_plugins_looked_at_are_those_that_qt_will_take(
    system: ModuleType, environment: dict[str, str], platforms: list[str]
) -> None:
    assert system.qt_platforms(environment) == platforms


@pytest.mark.parametrize(("ci", "user"), [("", 0), ("1", 0), ("true", 1000)])
@pytest.mark.skipif(sys.platform != "linux", reason="Debian packages")
def test_packages_are_not_installed_for_a_person(
    system: ModuleType, monkeypatch: pytest.MonkeyPatch, ci: str, user: int
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(subprocess, "call", lambda *_, **__: pytest.fail("installed"))
    with pytest.raises(system.Trouble, match="apt install a"):
        system.offer_packages(["a"], "Lacking: apt install a")


# The check, step by step


@pytest.fixture
def checks(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[tuple[list[str], dict[str, str]]], dict[str, int]]:
    """The commands that ``test`` starts, and the statuses that they end with."""
    started: list[tuple[list[str], dict[str, str]]] = []
    statuses: dict[str, int] = {}

    def call(command: list[str], cwd: Path, env: dict[str, str]) -> int:
        assert cwd == ROOT
        started.append(([Path(command[0]).stem, *command[1:]], env))
        return statuses.get(started[-1][0][0], 0)

    monkeypatch.setattr(bootstrap, "set_up", lambda extras: None)
    monkeypatch.setattr(bootstrap, "check_qt", lambda venv, environment: None)
    monkeypatch.setattr(subprocess, "call", call)
    return started, statuses


def test_every_check_in_its_order(
    bootstrap: ModuleType, checks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    assert bootstrap.main(["test", "-k", "window"]) == 0
    assert [command for command, _ in checks[0]] == [
        ["ruff", "format", "--check", "."],
        ["ruff", "check", "."],
        ["mypy"],
        ["lint-imports"],
        ["pytest", "-k", "window"],
    ]
    assert checks[0][-1][1]["QT_QPA_PLATFORM"] == "offscreen"


def test_a_platform_that_was_chosen_is_kept(
    bootstrap: ModuleType, checks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "minimal")
    assert bootstrap.main(["test"]) == 0
    assert checks[0][-1][1]["QT_QPA_PLATFORM"] == "minimal"


def test_the_first_failure_is_named_and_ends_the_check(
    bootstrap: ModuleType, checks: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    checks[1]["mypy"] = 2
    assert bootstrap.main(["test"]) == 1
    assert [command[0] for command, _ in checks[0]] == ["ruff", "ruff", "mypy"]
    assert re.match(r"\[3/5\] mypy failed after ", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("words", "passed"), [(["run"], ["--sample"]), (["run", "a.dcm", "b"], ["a.dcm", "b"])]
)
def test_run_starts_the_program_where_the_user_is(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, words: list[str], passed: list[str]
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "set_up", lambda extras: None)
    monkeypatch.setattr(bootstrap, "check_qt", lambda venv, environment: None)
    monkeypatch.setattr(subprocess, "call", lambda command: started.append(command) or 3)
    assert bootstrap.main(words) == 3
    assert started == [[str(bootstrap.program(bootstrap.VENV, "attentive-viewer")), *passed]]


@pytest.mark.parametrize(("words", "status"), [([], 2), (["start"], 2), (["--help"], 0)])
def test_other_words_get_the_usage(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str], words: list[str], status: int
) -> None:
    assert bootstrap.main(words) == status
    assert "bootstrap.py run [PATH ...]" in capsys.readouterr().out


# Files that have to agree


def test_ci_runs_the_same_check() -> None:
    script = ROOT / ".ci" / "run"
    commands = [
        line
        for line in script.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith(("#", "cd ", "set "))
    ]
    assert commands == ["python3 packaging/bootstrap.py test"]
    assert os.name == "nt" or os.access(script, os.X_OK)


def _pins(lines: list[str]) -> dict[str, str]:
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pairs}


def test_the_constraints_pin_what_the_project_pins() -> None:
    pinned = _pins((SCRIPTS / "constraints.txt").read_text(encoding="utf-8").splitlines())
    wanted = _pins(
        [
            *PROJECT["project"]["dependencies"],
            *PROJECT["project"]["optional-dependencies"]["test"],
        ]
    )
    assert {name: pinned.get(name) for name in wanted} == wanted
    assert pinned["shiboken6"] == pinned["pyside6-essentials"] == "6.11.3"


def test_the_scripts_do_not_hide_the_library_of_the_same_name() -> None:
    assert not (SCRIPTS / "__init__.py").exists()


def test_the_wheel_has_the_program_and_its_resources(tmp_path: Path) -> None:
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("engine", "viewer", "resources"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for name in ("engine", "viewer", "resources")
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= packed
    assert {Path(name).parts[0] for name in packed - wanted} == {
        next(name for name in packed if ".dist-info" in name).split("/")[0]
    }
