"""A second start hands its paths to the window that is there, and ends.

The window listens on a local socket in the user's own folder, which nobody else can reach. What is
said is short: the paths, as a line of JSON, and "ok" for an answer. A program that finds no socket
has nothing to import for that; one that gets no answer in time starts itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, QTimer
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from viewer.layout import window_address
from viewer.main_window import MainWindow

_PATIENCE = 1000  # milliseconds until somebody listens
_ANSWERED = 5000  # until a window that is there, and may be busy, answers
_LARGEST = 1 << 20  # bytes of a message
_MOST_PATHS = 10_000
_ANSWER = b"ok\n"


def _is_private(folder: Path) -> bool:
    """Whether only this user can put anything there."""
    if sys.platform == "win32":
        return True
    facts = folder.lstat()
    return facts.st_uid == os.getuid() and not facts.st_mode & 0o022


def hand_over(name: str, paths: Sequence[Path]) -> bool:
    """Give ``paths`` to the window that listens there; False when none took them."""
    if not _is_private(Path(name).parent):
        return False
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(_PATIENCE):
        return False
    message = json.dumps({"paths": [str(path.absolute()) for path in paths]}).encode() + b"\n"
    if len(message) > _LARGEST:
        return False
    socket.write(message)
    taken = socket.waitForReadyRead(_ANSWERED) and bytes(socket.readAll().data()) == _ANSWER
    socket.disconnectFromServer()
    return taken


def read_message(data: bytes) -> list[Path]:
    """The paths of a message; raises :class:`ValueError` for what is none."""
    try:
        found = json.loads(data.decode("utf-8"))["paths"]
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError("no paths") from error
    if not isinstance(found, list) or len(found) > _MOST_PATHS:
        raise ValueError("no list of paths")
    if not all(isinstance(path, str) and Path(path).is_absolute() for path in found):
        raise ValueError("no path")
    return [Path(path) for path in found]


class Listener(QObject):
    """Takes what later starts hand over, until the window closes. Where another program listens
    already, this one does not."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        window.closing.connect(self._server.close)
        self._listen(window_address())

    def _listen(self, name: str) -> None:
        folder = Path(name).parent
        with contextlib.suppress(OSError):
            if sys.platform != "win32":
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not _is_private(folder):
                return
            other = QLocalSocket()
            other.connectToServer(name)
            if not other.waitForConnected(_PATIENCE):  # nobody's, or left by a crash
                QLocalServer.removeServer(name)
                self._server.listen(name)  # takes the place of whatever is there
            other.abort()

    @property
    def listens(self) -> bool:
        return self._server.isListening()

    def _greet(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.setReadBufferSize(_LARGEST)
            heard = QByteArray()
            socket.readyRead.connect(lambda s=socket, h=heard: self._hear(s, h))
            QTimer.singleShot(_ANSWERED, socket, socket.abort)  # whoever says nothing
            self._hear(socket, heard)

    def _hear(self, socket: QLocalSocket, heard: QByteArray) -> None:
        heard.append(socket.readAll())
        if heard.size() > _LARGEST:
            socket.abort()
            return
        if not heard.endsWith(b"\n"):
            return
        try:
            paths = read_message(bytes(heard.data()))
        except ValueError:
            socket.abort()
            return
        socket.write(_ANSWER)
        socket.flush()
        socket.disconnectFromServer()
        self._window.come_to_front()
        if paths:
            self._window.open_paths(paths)
