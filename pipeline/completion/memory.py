"""What completion must know after a restart and Kafka does not: tokens that renewed themselves, and how far it looked.

One file an account in the home, for its owner's eyes alone. `arus complete` and `arus sources reconcile` share it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from pipeline.settings import Account
from pipeline.sources.apis.api import Tokens
from schemas.ids import digest


class Kept(msgspec.Struct):
    """The content of a file. `given` is a digest of the refresh token in arus.toml: a new one there wins."""

    given: str = ""
    tokens: Tokens = Tokens()
    reconciled_until: int = 0
    """Of every search that is not in `reconciled`, as versions before it told."""
    reconciled: dict[str, int] = {}
    """Search → up to when it was made."""


class Memory:
    """The file of one account."""

    def __init__(self, home: Path, account: Account) -> None:
        self._file = home / "credentials" / f"{account.source}.{account.name}.json"
        self._given = Tokens(account.credential("access_token"), account.credential("refresh_token"))

    def tokens(self) -> Tokens:
        """Gives the newest tokens: those that were renewed last, unless a person has set others since."""
        kept = self._read()
        return kept.tokens if kept.given == digest(self._given.refresh) else self._given

    def keep_tokens(self, tokens: Tokens) -> None:
        """Returns when they are on the disk: some senders take a refresh token only once."""
        kept = self._read()
        kept.given, kept.tokens = digest(self._given.refresh), tokens
        self._write(kept)

    def reconciled_until(self, what: str = "") -> int:
        """Tells up to when (ms) the sender was asked what it did not deliver; 0 = never.

        Without `what`, of that search among those made that is farthest behind.
        """
        kept = self._read()
        if what:
            return kept.reconciled.get(what, kept.reconciled_until)
        return min(kept.reconciled.values(), default=kept.reconciled_until)

    def keep_reconciled(self, what: str, until: int) -> None:
        """Remembers it; never goes back."""
        with self.alone():
            kept = self._read()
            kept.reconciled[what] = max(kept.reconciled.get(what, 0), until)
            self._write(kept)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps other processes of this home out: of two that renew at once one would be left with nothing."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> Kept:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Kept)
        except (FileNotFoundError, msgspec.DecodeError):
            return Kept()

    def _write(self, kept: Kept) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._file.with_suffix(f".{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123  # mode
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file)
