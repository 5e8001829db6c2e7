"""Servers that hang or break: one that never answers, one that falls silent in its work, one that drops it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


class Gate:
    """What stands before a server and passes everything on, until somebody sends a certain word.

    Then it passes nothing more on; or, if it `drops`, it ends every connection.
    """

    def __init__(self, behind: int, word: bytes, drops: bool):
        self._behind, self._word, self._drops = behind, word, drops
        self._shut = threading.Event()
        self._sockets = [socket.create_server(("127.0.0.1", 0))]
        self.port = self._sockets[0].getsockname()[1]
        self._begin(self._let_in)

    @staticmethod
    def _begin(work, *arguments) -> None:
        def run():
            with suppress(OSError):  # closed while it waited
                work(*arguments)

        threading.Thread(target=run, daemon=True).start()

    def _let_in(self) -> None:
        while True:
            came, _ = self._sockets[0].accept()
            self._sockets.append(came)
            if self._shut.is_set():
                continue
            server = socket.create_connection(("127.0.0.1", self._behind))
            self._sockets.append(server)
            self._begin(self._pass_on, came, server)
            self._begin(self._pass_on, server, came)

    def _pass_on(self, giver: socket.socket, taker: socket.socket) -> None:
        while part := giver.recv(65_536):
            if self._word in part:
                self._shut.set()
            if self._shut.is_set():
                if self._drops:
                    self.close()
                return
            taker.sendall(part)
        taker.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def falling_silent(behind: int, word: bytes, drops: bool = False) -> Iterator[int]:
    """The port of a gate before another one; see `Gate`."""
    gate = Gate(behind, word, drops)
    try:
        yield gate.port
    finally:
        gate.close()
