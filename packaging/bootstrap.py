"""Sets the project up in .venv, then starts or checks it; needs nothing but Python.

    python3 packaging/bootstrap.py run [PATH ...]              start the program
    python3 packaging/bootstrap.py test [pytest argument ...]  check everything

run   opens the given DICOM files or folders, the bundled sample study if none is given;
      without a display it does the same job offscreen and says where the pictures are.
test  checks layout, style, types, imports and behaviour, in this order, up to the first failure.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from system_packages import Trouble, check_qt, offer_packages

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
SIZES = (
    "up to 480 MB to download (190 MB of it PyTorch's CPU build), 1.9 GB on disk, one to five "
    "minutes; much less if only the pins changed.\nWhere pip takes PyTorch's CUDA build instead, "
    "the download is gigabytes larger."
)
CHECKS = (
    ("ruff format --check .", "the layout of the code (seconds)"),
    ("ruff check .", "its style (seconds)"),
    ("mypy", "the types (up to two minutes the first time)"),
    ("lint-imports", "which part may import which (seconds)"),
    ("pytest", "the behaviour (minutes)"),
)


def say(text: str) -> None:
    print(text, flush=True)


def version_refusal(version: tuple[int, ...]) -> str | None:
    """Why the project cannot be set up with this Python, if it cannot."""
    if (3, 11) <= version[:2] < (3, 14):
        return None
    found = ".".join(map(str, version[:2]))
    return (
        f"Attentive Viewer needs Python 3.11, 3.12 or 3.13, and this is Python {found}: "
        "start this script with one of those, for example: python3.11 packaging/bootstrap.py run"
    )


def program(venv: Path, name: str) -> Path:
    """Where the virtual environment has that program."""
    return venv / "Scripts" / f"{name}.exe" if os.name == "nt" else venv / "bin" / name


def digest(root: Path) -> str:
    """Changes when what has to be installed does."""
    pins = (root / "pyproject.toml", root / "packaging" / "constraints.txt")
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in pins)).hexdigest()


def write_stamp(venv: Path, root: Path, extras: Sequence[str]) -> None:
    """Notes what was installed: read by the next start."""
    stamp = {"digest": digest(root), "root": str(root), "extras": list(extras)}
    (venv / "bootstrap.json").write_text(json.dumps(stamp), encoding="utf-8")


def read_stamp(venv: Path) -> dict[str, object]:
    """What was installed into the virtual environment; empty if that is not known."""
    try:
        stamp = json.loads((venv / "bootstrap.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def installed_extras(venv: Path) -> list[str]:
    extras = read_stamp(venv).get("extras")
    return extras if isinstance(extras, list) else []


def is_usable(venv: Path, root: Path) -> bool:
    """Whether it can be installed into: made here, and by this minor version of Python."""
    try:
        facts = (venv / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return False
    major, minor = sys.version_info[:2]
    fits = re.search(rf"^version(_info)?\s*=\s*{major}\.{minor}\b", facts, re.MULTILINE)
    moved = read_stamp(venv).get("root", str(root)) != str(root)
    return bool(fits) and not moved and program(venv, "python").exists()


def is_fresh(venv: Path, root: Path, extras: Sequence[str]) -> bool:
    """Whether everything is already installed, with these extras or more."""
    return (
        is_usable(venv, root)
        and program(venv, "attentive-viewer").exists()
        and read_stamp(venv).get("digest") == digest(root)
        and set(extras) <= set(installed_extras(venv))
    )


def make_venv(venv: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        sentence = "This Python cannot make virtual environments; on Debian or Ubuntu: "
        offer_packages(["python3-venv"], sentence + "apt install python3-venv")
    say(f"  making the virtual environment {venv}")
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(venv)]):
        raise Trouble("The virtual environment could not be made; see above.")


def progress_of(line: str) -> str | None:
    """What a line of pip's output is worth telling: each package, and the installation."""
    wheel = re.match(r"\s*(?:Downloading|Using cached|Processing) (?:\S*/)?(\S+\.whl)(?!\S)", line)
    if wheel:
        size = re.search(r" \([\d.]+ [kMG]B\)", line)
        return f"  {wheel[1]}{size[0] if size else ''}"
    if line.startswith("Installing collected packages"):
        return f"  unpacking {line.count(',') + 1} packages (a minute or so, silently)"
    return None


def install(venv: Path, root: Path, extras: Sequence[str]) -> None:
    """Installs the pinned packages and the project; says which package is being fetched."""
    command = [str(program(venv, "python")), "-m", "pip", "install", "--no-input"]
    command += ["--disable-pip-version-check", "-e", f".[{','.join(extras)}]" if extras else "."]
    command += ["-c", str(root / "packaging" / "constraints.txt")]
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as pip:
        for line in pip.stdout or ():
            lines.append(line.rstrip())
            told = progress_of(line)
            if told:
                say(told)
    if pip.returncode:
        tail = [line for line in lines if "ERROR" in line] or lines[-5:]
        raise Trouble("\n".join([*tail, "pip could not install the packages; see above."]))
    write_stamp(venv, root, extras)


def set_up(extras: Sequence[str]) -> None:
    """Makes the virtual environment and installs into it, unless that is done already."""
    if is_fresh(VENV, ROOT, extras):
        return
    usable = is_usable(VENV, ROOT)
    say(f"Setting up in {VENV}: {SIZES}")
    start = time.monotonic()
    kept = installed_extras(VENV) if usable else []
    if not usable:
        make_venv(VENV)
    install(VENV, ROOT, sorted({*extras, *kept}))
    say(f"Set up in {time.monotonic() - start:.0f} s.")


def run(arguments: Sequence[str]) -> int:
    """Starts the program and returns its exit status."""
    set_up([])
    check_qt(VENV, os.environ)
    words = list(arguments) or ["--sample"]
    say(f"Starting: attentive-viewer {' '.join(words)}")
    return subprocess.call([str(program(VENV, "attentive-viewer")), *words])


def test(arguments: Sequence[str]) -> int:
    """Makes every check in order, up to the first that fails."""
    set_up(["test"])
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    check_qt(VENV, environment)
    begin = time.monotonic()
    for number, (line, about) in enumerate(CHECKS, 1):
        name, *words = line.split()
        words += arguments if name == "pytest" else []
        place = f"[{number}/{len(CHECKS)}]"
        say(f"\n{place} {' '.join([name, *words])}: {about}")
        start = time.monotonic()
        status = subprocess.call([str(program(VENV, name)), *words], cwd=ROOT, env=environment)
        took = f"{time.monotonic() - start:.1f} s"
        if status:
            raise Trouble(f"{place} {name} failed after {took}: see above.")
        say(f"{place} passed in {took}")
    say(f"\nEverything passed in {time.monotonic() - begin:.0f} s.")
    return 0


def main(words: Sequence[str]) -> int:
    refusal = version_refusal(sys.version_info[:2])
    commands = {"run": run, "test": test}
    if refusal or not words or words[0] not in commands:
        print(refusal or __doc__, file=sys.stderr if refusal else sys.stdout)
        return 0 if not refusal and "--help" in words else 2
    try:
        return commands[words[0]](words[1:])
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
