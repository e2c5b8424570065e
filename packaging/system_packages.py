"""What the system has to have for Qt to load on Linux, and how to get it on Debian.

Standard library only, and readable by Python 3.8 on: part of bootstrap.py.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

IRREGULAR_PACKAGES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libz.so.1": "zlib1g",
}


class Trouble(Exception):
    """Ends the program with a sentence for its user."""


def offer_packages(names: Sequence[str], sentence: str) -> None:
    """Installs Debian packages where nobody can be asked (root, CI=true); otherwise, Trouble."""
    debian = sys.platform == "linux" and Path("/etc/debian_version").exists()
    if not (debian and os.environ.get("CI") == "true" and os.geteuid() == 0):
        raise Trouble(sentence)
    if not shutil.which("apt-get"):
        raise Trouble(sentence)
    print(f"{sentence}\nCI=true and this is root, so that is done now.", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *names]):
        if subprocess.call(["apt-get", "-q", *words], env=environment):
            raise Trouble(f"apt-get {words[0]} failed. {sentence}")


def qt_platforms(environment: Mapping[str, str]) -> list[str]:
    """The platform plugins that Qt may use on Linux: one of them has to load."""
    chosen = environment.get("QT_QPA_PLATFORM")
    if chosen:
        return [name.split(":")[0] for name in chosen.split(";")]
    displays = {"DISPLAY": "xcb", "WAYLAND_DISPLAY": "wayland"}
    return [name for key, name in displays.items() if environment.get(key)] or ["offscreen"]


def missing_libraries(ldd_output: str) -> list[str]:
    """The libraries that ldd did not find, each once."""
    return sorted(set(re.findall(r"^\s*(\S+) => not found", ldd_output, re.MULTILINE)))


def debian_package(soname: str) -> str:
    """Debian's rule for naming a library's package: libEGL.so.1 is in libegl1."""
    name, _, version = soname.lower().replace("_", "-").partition(".so.")
    regular = name + ("-" if name[-1].isdigit() else "") + version
    return IRREGULAR_PACKAGES.get(soname, regular)


def missing_sentence(missing: Sequence[str]) -> str:
    packages = sorted(set(map(debian_package, missing)))
    return (
        f"Qt cannot start, because system libraries are missing ({', '.join(missing)}); "
        f"on Debian or Ubuntu: apt install {' '.join(packages)}"
    )


def libraries_missing_here(venv: Path, environment: Mapping[str, str]) -> list[str]:
    """What the platform plugin that lacks least lacks; nothing where that cannot be told."""
    folder = next(venv.glob("lib/python3*/site-packages/PySide6/Qt/plugins/platforms"), venv)
    plugins = [folder / f"libq{name}.so" for name in qt_platforms(environment)]
    lacks = []
    for plugin in filter(Path.exists, plugins if shutil.which("ldd") else []):
        ldd = ["env", "LC_ALL=C", "ldd", str(plugin)]
        output = subprocess.run(ldd, stdout=subprocess.PIPE, encoding="utf-8", errors="replace")
        lacks.append(missing_libraries(output.stdout))
    return min(lacks, key=len, default=[])


def check_qt(venv: Path, environment: Mapping[str, str]) -> None:
    """On Linux, stops with a sentence if Qt cannot load for want of system libraries."""
    if sys.platform != "linux":
        return
    missing = libraries_missing_here(venv, environment)
    if missing:
        offer_packages(sorted(set(map(debian_package, missing))), missing_sentence(missing))
        missing = libraries_missing_here(venv, environment)
    if missing:
        raise Trouble(missing_sentence(missing))
    command = [str(venv / "bin" / "python"), "-c", "import PySide6.QtWidgets"]
    if subprocess.call(command):
        raise Trouble("Qt cannot be loaded; see above.")
