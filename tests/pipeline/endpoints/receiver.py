"""A seller's own system on this machine: it believes what the library of Standard Webhooks believes."""

import json
from collections import Counter

from standardwebhooks import Webhook, WebhookVerificationError

from tests.pipeline.local_server import LocalServer, reply

SECRET = "whsec_c2VjcmV0LW9mLXRoZS1zZWxsZXItb2YtdGVzdHM="


class Receiver(LocalServer):
    """Keeps each message once by its id; `status` is what it answers, `gate` holds its answers back."""

    def __init__(self, secret: str = SECRET) -> None:
        super().__init__()
        self.secret, self.status, self.headers = secret, 204, dict[str, str]()
        self.messages: dict[str, dict] = {}
        self.attempts: Counter[str] = Counter()
        self.refused: list[str] = []

    @property
    def url(self):
        return f"{super().url}/hooks"

    def handle(self, request, body):
        self.hear(dict(request.headers), body)
        self.gate.wait(30)
        reply(request, self.status, self.headers)

    def hear(self, headers, body):
        name = {k.lower(): v for k, v in headers.items()}["webhook-id"]
        self.attempts[name] += 1
        try:
            told = Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError as error:
            self.refused.append(str(error))
            return
        if self.status < 300:
            assert self.messages.setdefault(name, told) == told

    def kinds(self):
        return sorted(json.loads(json.dumps(told))["data"]["kind"] for told in list(self.messages.values()))
