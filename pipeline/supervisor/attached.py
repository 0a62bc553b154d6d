"""The child's side of supervision: says when it is ready, and ends when its supervisor does."""

import os
import signal
import socket
import threading
import time
from contextlib import suppress

_GRACE = 4.0
"""Seconds that a child without a supervisor has to end in good order."""


class Supervision:
    """One end of a socket pair whose other end the supervisor alone holds.

    The kernel's own parent-death signal is of no use: it comes when the *thread* that forked ends.
    """

    def __init__(self, descriptor: int) -> None:
        self._line = socket.socket(fileno=descriptor)
        self._line.set_inheritable(False)
        threading.Thread(target=self._watch, name="supervision", daemon=True).start()

    def ready(self) -> None:
        """Tells the supervisor that work has begun."""
        self._line.sendall(b"ready\n")

    def _watch(self) -> None:
        with suppress(ConnectionError):  # a supervisor that ended before it read what we said resets the line
            while self._line.recv(64):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
        os._exit(1)
