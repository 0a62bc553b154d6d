"""Who looks: every report and page is asked by a viewer, and shows what that viewer may see.

A token is a signed sentence "whoever shows this is that viewer"; no table of tokens is kept. One token is taken back
by its id (`revoke`), all of them by deleting the key file.
"""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from itsdangerous import BadData, URLSafeSerializer

Role = Literal["seller", "buyer", "operator"]

PREFIX = "arus_"
"""Tokens say whose they are, so that secret scanners and people recognise a leaked one."""

_LONGEST = 2_048  # characters; more is no token of ours and is not worth hashing


@dataclass(slots=True, frozen=True)
class Viewer:
    """One seller or one buyer, or an operator, who sees all."""

    role: Role
    id: str = ""

    def __post_init__(self) -> None:
        """Refuses a seller or buyer without an id: it would stand for nobody, or for everybody."""
        if (self.role == "operator") is bool(self.id):
            raise ValueError(f"a viewer of role {self.role} with id {self.id!r}")

    @property
    def audience(self) -> str:
        """The name under which notices reach this viewer; empty for an operator."""
        return f"{self.role}:{self.id}" if self.id else ""


OPERATOR = Viewer("operator")


class Tokens:
    """Makes and reads tokens with the key of one home. Files are read anew each time, so a revocation works at once."""

    def __init__(self, home: Path) -> None:
        self._key, self._revoked = home / "keys" / "tokens", home / "keys" / "revoked"

    def make(self, viewer: Viewer, *, until: int | None = None) -> str:
        """Gives a new token of this viewer; `until` is the instant at which it ends, None never."""
        claims = {"role": viewer.role, "id": viewer.id, "token": secrets.token_urlsafe(9), "until": until}
        return PREFIX + str(self._signer().dumps(claims))

    def read(self, token: str, *, at: int) -> Viewer | None:
        """Tells who shows this token; None when it is not ours, was tampered with, has ended or was revoked."""
        claims = self._claims(token)
        if claims is None or claims["token"] in self._read_revoked():
            return None
        if claims["until"] is not None and claims["until"] <= at:
            return None
        return Viewer(claims["role"], claims["id"])

    def revoke(self, token: str) -> bool:
        """Takes one token back for good; False when it was none of ours."""
        claims = self._claims(token)
        if claims is None:
            return False
        with self._revoked.open("a") as file:
            file.write(f"{claims['token']}\n")
        return True

    def _claims(self, token: str) -> dict[str, Any] | None:
        if not token.startswith(PREFIX) or len(token) > _LONGEST or not token.isascii():
            return None
        try:
            claims: dict[str, Any] = self._signer().loads(token.removeprefix(PREFIX))
        except BadData:
            return None
        return claims

    def _signer(self) -> URLSafeSerializer:
        how = {"key_derivation": "hmac", "digest_method": sha256}
        return URLSafeSerializer(self._read_key(), salt="arus.token", signer_kwargs=how)

    def _read_revoked(self) -> set[str]:
        try:
            return set(self._revoked.read_text().split())
        except FileNotFoundError:
            return set()

    def _read_key(self) -> bytes:
        try:
            return self._key.read_bytes()
        except FileNotFoundError:
            _make_once(self._key, secrets.token_hex(32).encode())
            return self._key.read_bytes()


def _make_once(path: Path, content: bytes) -> None:
    """Makes a file that its owner alone may read; of several that try at once exactly one wins, whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}-{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
