"""Who looks: every report and page is asked by a viewer, and shows what that viewer may see."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["seller", "buyer", "operator"]


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
