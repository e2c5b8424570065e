"""A second start hands its paths to the window that is there."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalServer, QLocalSocket

import resources
from viewer.handover import Listener, hand_over, read_message
from viewer.layout import window_address
from viewer.main_window import MainWindow

POSIX = pytest.mark.skipif(os.name != "posix", reason="sockets are files here only")


def test_a_message_is_a_list_of_absolute_paths() -> None:
    assert read_message(b'{"paths": []}\n') == []
    path = Path("/a b/ü").absolute()
    assert read_message(json.dumps({"paths": [str(path)]}).encode()) == [path]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x\n",
        b"7\n",
        b"[]\n",
        b"{}\n",
        b"\xff\n",
        b"[" * 50_000,
        b'{"paths": "/a"}',
        b'{"paths": [7]}',
        b'{"paths": ["relative"]}',
        json.dumps({"paths": ["/a"] * 10_001}).encode(),
    ],
)
def test_anything_else_is_no_message(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- whichever part of it is wrong
        read_message(data)


_STARTED: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def _all_end() -> Iterator[None]:
    """Also where a test failed before it ended them."""
    yield
    while _STARTED:
        with _STARTED.pop() as process:
            process.kill()
            if process.stdout is not None and not process.stdout.closed:
                process.stdout.read()


def _second_start(*words: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "viewer.app", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=dict(os.environ),
    )
    _STARTED.append(process)
    return process


def test_the_running_window_opens_what_a_second_start_was_given(drive, tmp_path: Path) -> None:
    sample = resources.sample_files()[2]

    def script(window: MainWindow):
        listener = window.findChild(Listener)
        yield lambda: listener.listens
        window.showMinimized()
        second = _second_start(str(sample))
        yield lambda: second.poll() is not None
        assert second.returncode == 0, second.communicate()[0]
        yield lambda: window.session.place is not None
        assert window.session.place.instance.path == sample
        assert not window.isMinimized()
        bare = _second_start()
        yield lambda: bare.poll() is not None
        assert bare.returncode == 0, "without paths the window comes to the front"
        assert window.session.place.instance.path == sample
        for process in (second, bare):
            process.communicate()

    assert drive([], script) == 0
    assert not Path(window_address()).exists() or os.name != "posix"


def _windows_open() -> int:
    """Each holds a lock, in the folder of its application's name."""
    return len(list(Path(os.environ["XDG_DATA_HOME"]).glob("*/open/*.lock")))


def test_a_new_window_does_not_hand_over_and_takes_nobodys_socket(drive) -> None:
    def first(window: MainWindow):
        yield lambda: window.findChild(Listener).listens
        other = _second_start("--new-window")
        yield lambda: _windows_open() == 2 or other.poll() is not None
        assert other.poll() is None, "it has a window of its own"
        other.kill()
        other.communicate()
        third = _second_start(str(resources.sample_files()[0]))
        yield lambda: third.poll() is not None
        yield lambda: window.session.place is not None
        third.communicate()

    assert drive([], first) == 0


@POSIX
def test_a_socket_that_a_crash_left_is_taken_over(drive) -> None:
    place: dict[str, Path] = {}

    def script(window: MainWindow):
        yield lambda: window.findChild(Listener).listens
        place["socket"] = Path(window_address())

    assert drive([], script) == 0
    path = place["socket"]
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()  # nobody listens there, but the file is there
    assert path.exists()

    def again(window: MainWindow):
        yield lambda: window.findChild(Listener).listens

    assert drive([], again) == 0


@POSIX
def test_without_an_answer_the_program_starts_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("viewer.handover._ANSWERED", 200)
    name = str(tmp_path / "window")
    tmp_path.chmod(0o700)
    assert not hand_over(name, []), "nobody there"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(name)
        mute.listen()
        assert not hand_over(name, [Path("/a")])


@POSIX
def test_a_folder_that_others_can_write_to_is_not_trusted(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    answered: list[bytes] = []

    def answer(server: socket.socket) -> None:
        server.settimeout(0.5)
        try:
            with server.accept()[0] as other:
                answered.append(other.recv(100))
        except TimeoutError:
            return

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "window"))
        server.listen()
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        assert not hand_over(str(tmp_path / "window"), [Path("/a")])
        thread.join()
    assert answered == []


def test_nonsense_from_outside_changes_nothing(drive, monkeypatch: pytest.MonkeyPatch) -> None:
    def script(window: MainWindow):
        yield lambda: window.findChild(Listener).listens
        for data in (b"no json\n", b'{"paths": [7]}\n', b"x" * (2 << 20)):
            client = QLocalSocket()
            client.connectToServer(window_address())
            client.write(data)
            client.flush()
            yield lambda c=client: c.state() == QLocalSocket.LocalSocketState.UnconnectedState
        assert window.session.place is None
        monkeypatch.setattr("viewer.handover._ANSWERED", 200)
        silent = QLocalSocket()
        silent.connectToServer(window_address())
        yield lambda: silent.state() == QLocalSocket.LocalSocketState.UnconnectedState
        assert window.findChild(Listener).listens

    assert drive([], script) == 0


@POSIX
def test_a_long_path_to_the_users_folder_gives_a_short_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / ("long " * 30)))
    name = window_address()
    assert len(os.fsencode(name)) <= 100
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / ("other" * 30)))
    assert window_address() != name
    server = QLocalServer()
    Path(name).parent.mkdir(mode=0o700, exist_ok=True)
    assert server.listen(name)
    server.close()
