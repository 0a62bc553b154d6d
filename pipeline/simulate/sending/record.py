"""What a gateway accepted: the webhooks that must be found again."""

import json
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.settings import Account
from schemas.ids import digest


class Record:
    """Remembers each accepted webhook by a digest; writes it out whole if it is given a file."""

    def __init__(self, file: Path | None = None) -> None:
        self.digests: set[str] = set()
        self._file = file.open("w", encoding="utf-8") if file else None

    def keep(self, account: Account, body: bytes) -> None:
        """Notes one that was answered with 2xx."""
        self.digests.add(fingerprint(account.source, account.name, body))
        if self._file:
            told = {"source": account.source, "account": account.name, "body": body.decode(errors="surrogateescape")}
            self._file.write(json.dumps(told) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file:
            self._file.close()


def read(file: Path) -> set[str]:
    """Gives the names of the webhooks that a record holds."""
    with file.open(encoding="utf-8") as lines:
        return {_name(json.loads(line)) for line in lines}


def _name(told: dict[str, str]) -> str:
    return fingerprint(told["source"], told["account"], told["body"].encode(errors="surrogateescape"))


def fingerprint(source: str, account: str, body: bytes) -> str:
    """Names a webhook by what it is: two copies have one name."""
    return digest(source, account, body)
