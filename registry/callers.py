"""Who is asking: the one value that every access decision takes."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import NotPermittedError
from registry.enums import Role, Scope, Tier

ROLE_SCOPES: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset({Scope.READ, Scope.REQUEST}),
    Role.OPERATOR: frozenset({Scope.READ, Scope.REQUEST, Scope.OPERATE}),
    Role.CURATOR: frozenset({Scope.READ, Scope.REQUEST, Scope.CURATE}),
    Role.ADMIN: frozenset(Scope),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or key with what it may do. `tier` None means that it may see nothing."""

    user_id: int | None = None
    name: str = "anonymous"
    tier: Tier | None = None
    scopes: frozenset[Scope] = frozenset()
    key_prefix: str = ""
    key_id: int | None = None
    rate: int | None = None  # requests in a window, where the key has its own number
    address: str | None = None

    @property
    def person(self) -> int:
        """The user's id for queries; 0, which is nobody's, when there is none."""
        return self.user_id or 0

    @property
    def tiers(self) -> list[Tier]:
        return Tier.up_to(self.tier) if self.tier else []

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def sees(self, tier: str) -> bool:
        return tier in self.tiers

    @property
    def is_steward(self) -> bool:
        """Whether they look after models: curators and operators."""
        return self.may(Scope.CURATE) or self.may(Scope.OPERATE)

    @property
    def is_staff(self) -> bool:
        """Whether they keep anything here: stewards and admins."""
        return self.is_steward or self.may(Scope.ADMIN)


NOBODY = Caller()


def check_curator(caller: Caller) -> None:
    if not caller.may(Scope.CURATE):
        raise NotPermittedError("Only a curator may decide this.")


def check_steward(caller: Caller) -> None:
    if not caller.is_steward:
        raise NotPermittedError("Only a curator or an operator may do that.")


def scopes_of_roles(roles: set[str]) -> frozenset[Scope]:
    """Join what the roles of a person allow; a person without a role is a viewer."""
    known = [ROLE_SCOPES[Role(role)] for role in roles if role in Role.values]
    return frozenset().union(*known) if known else ROLE_SCOPES[Role.VIEWER]
