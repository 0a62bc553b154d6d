"""A sender's API on this machine: it is asked over HTTP, and can be ill, silent or late."""

import json
from collections import Counter, deque

from tests.pipeline.local_server import LocalServer, reply


class FakeApi(LocalServer):
    """What all fakes have in common; `ails` are answers that it gives instead of its own, one for each call."""

    def __init__(self) -> None:
        super().__init__()
        self.access, self.refresh = "access-1", "refresh-1"
        self.renewals = 0
        self.asked: Counter[str] = Counter()
        self.refused: list[str] = []
        self.ails: deque[tuple[int, dict, dict]] = deque()

    def handle(self, request, body):
        self.gate.wait(30)
        status, headers, told = self.answer(request.path, dict(request.headers), body)
        reply(request, status, headers, json.dumps(told).encode())

    def expire(self):
        """Makes the access token that is out there no longer good."""
        self.access = f"access-{self.renewals + 2}"

    def new_tokens(self):
        """Gives out tokens in the place of those that there are."""
        self.renewals += 1
        self.access, self.refresh = f"access-{self.renewals + 1}", f"refresh-{self.renewals + 1}"
        return {"access_token": self.access, "refresh_token": self.refresh}

    def answer(self, target, headers, body):
        """Gives status, headers and what is told."""
        raise NotImplementedError
