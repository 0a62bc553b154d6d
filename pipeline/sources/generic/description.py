"""What an account of the generic sender says of its sender: how it proves itself, where its values lie, its codes."""

import difflib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.settings import Account
from pipeline.sources.generic import paths
from schemas.shipments import Milestone
from schemas.statuses import BY_NAME

MEANINGS = {"scans": get_args(Milestone), "orders": tuple(BY_NAME)}
"""What codes may mean, by what the sender tells of."""

EXAMPLES = {
    "proof": 'proof = { scheme = "hmac", header = "X-Signature" }',
    "proof.header": 'header = "X-Signature"',
    "fields": 'fields = { tracking_number = "awb", code = "status.code", at = "status.time" }',
    "fields.code": 'code = "status.code"',
    "codes": 'codes = { DLV = "delivered" }',
}
"""What to write where something is missing."""


def _parsed(text: str) -> paths.Path:
    path = paths.parse(text)
    if paths.EACH in path.steps:
        raise ValueError(f"{text!r} names many values; [*] belongs to rows alone")
    return path


TRIED = datetime(2026, 11, 24, 10, 5, tzinfo=UTC)
"""An instant that a format of times must be able to write and read back."""

At = Annotated[str, AfterValidator(_parsed)]


class Part(BaseModel):
    """A part of the description; a name it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Proof(Part):
    """How the sender proves that it wrote a request."""

    scheme: Literal["hmac", "token", "address"] = Field(
        description="hmac: a signature in a header; token: the secret in a header; address: the secret in the address"
    )
    header: str = Field("", description="which header; lower or upper case does not matter")
    before: str = Field("", description="what stands before signature or secret, such as `sha256=` or `Bearer `")
    digest: Literal["sha1", "sha256", "sha512"] = Field("sha256", description="of the signature")
    encoding: Literal["hex", "base64"] = Field("hex", description="of the signature")
    key: Literal["text", "hex", "base64"] = Field("text", description="how the account's secrets are written")
    signed: str = Field("{body}", description="what is signed: {body}, {timestamp}, {url} and text between them")
    timestamp: str = Field("", description="header with the signed instant: seconds, milliseconds or ISO 8601")
    window_seconds: int = Field(300, ge=1, description="how far that instant may be off")
    parameter: str = Field("token", pattern=r"^\w+$", description="of the address: …?token=<secret>")

    @model_validator(mode="after")
    def _fits(self) -> "Proof":
        if self.scheme != "address" and not self.header:
            raise ValueError(f"header is missing: scheme {self.scheme!r} needs one, such as {EXAMPLES['proof.header']}")
        if "{body}" not in self.signed:
            raise ValueError('signed must have {body} in it: what proves nothing of the body is scheme = "token"')
        if bool(self.timestamp) != ("{timestamp}" in self.signed):
            raise ValueError('timestamp and {timestamp} belong together, as in signed = "{timestamp}.{body}"')
        return self


class Fields(Part):
    """Where the sender's values lie."""

    code: At = Field(description="its code or word, which the table `codes` maps")
    tracking_number: At | None = Field(None, description="the parcel")
    order: At | None = Field(None, description="the order, as the account's `orders` numbers it")
    carrier: At | None = Field(None, description="who carries the parcel, where the account's `carrier` does not say")
    at: At | None = Field(None, description="when it happened; without it, when the webhook came")
    at_format: str = Field(
        "", description="how that is written, if neither as ISO 8601 nor as seconds or milliseconds: %d-%m-%Y %H:%M"
    )
    words: At | None = Field(None, description="what people read")
    location: At | None = Field(None, description="where it happened")
    proof: At | None = Field(None, description="address of a picture or signature of the receiver")

    @field_validator("at_format")
    @classmethod
    def _is_format(cls, text: str) -> str:
        try:
            whole = not text or datetime.strptime(TRIED.strftime(text), text).date() == TRIED.date()  # noqa: DTZ007
        except ValueError:
            whole = False
        if not whole:
            raise ValueError(f"{text!r} does not read a date with its year, as %d-%m-%Y %H:%M does")
        return text


class Description(Part):
    """All that an account says of its sender."""

    tells: Literal["scans", "orders"] = Field("scans", description="codes mean milestones of parcels, or statuses")
    body: Literal["json", "form"] = Field("json", description="how the body is written")
    rows: str = Field("", description="path of the list, if a body tells of several: `history[*]`")
    carrier: str = Field("", description="who carries the parcels")
    proof: Proof
    fields: Fields
    codes: dict[str, str] = Field(description="its code → a milestone (or a status); one that is missing is unknown")

    @property
    def rows_path(self) -> paths.Path | None:
        """Where the rows lie."""
        return paths.parse(self.rows) if self.rows else None

    @model_validator(mode="after")
    def _fits(self) -> "Description":
        self._check_meanings()
        if self.rows and paths.EACH not in paths.parse(self.rows).steps:
            raise ValueError(f"rows {self.rows!r} names one thing; each thing of a list is {self.rows + '[*]'!r}")
        if self.tells == "orders" and not self.fields.order:
            raise ValueError('fields.order is missing: tells = "orders" needs it, such as order = "order_no"')
        if self.tells == "scans" and not self.fields.tracking_number:
            raise ValueError('fields.tracking_number is missing, such as tracking_number = "awb"')
        if self.tells == "scans" and not (self.carrier or self.fields.carrier):
            raise ValueError('carrier is missing: who carries the parcels, such as carrier = "jne"')
        return self

    def _check_meanings(self) -> None:
        ours = MEANINGS[self.tells]
        for code, meaning in self.codes.items():
            if meaning not in ours:
                near = difflib.get_close_matches(meaning, ours, 1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(ours)}"
                raise ValueError(f"codes.{code}: {meaning!r} is no {self.tells[:-1]}'s meaning; {hint}")


PARTS = tuple(Description.model_fields)
_KNOWN: dict[int, tuple[Account, Description]] = {}


def description_of(account: Account) -> Description:
    """Gives what the account says of its sender. Raises ValueError with a sentence when that cannot be."""
    known = _KNOWN.get(id(account))
    if known is None or known[0] is not account:
        known = _KNOWN[id(account)] = (account, _read(account))
    return known[1]


def _read(account: Account) -> Description:
    try:
        return Description.model_validate({name: account.told(name) for name in account.extras() & {*PARTS}})
    except ValidationError as error:
        raise ValueError("; ".join(_sentence(one) for one in error.errors())) from None


def _sentence(error: Any) -> str:  # noqa: ANN401  # pydantic's own shape
    """Says what is wrong, where, and what would be right."""
    place, kind = ".".join(str(part) for part in error["loc"]), error["type"]
    if kind == "missing":
        return f"{place} is missing, such as {EXAMPLES.get(place, f'{place} = …')}"
    if kind == "extra_forbidden":
        names = (Proof if error["loc"][0] == "proof" else Fields).model_fields
        near = difflib.get_close_matches(str(error["loc"][-1]), names, 1)
        return f"{place} is nothing that is known; " + (
            f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
        )
    if kind == "value_error":
        return f"{place}: {error['ctx']['error']}" if place else str(error["ctx"]["error"])
    return f"{place}: {error['msg']}, not {error['input']!r}"
