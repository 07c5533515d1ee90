"""What a new yard starts with: roles and one policy per tier. Safe to run again."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

from registry.enums import Gate, GateMode, Role, Tier
from registry.models import Policy

_ENFORCED = dict.fromkeys(
    (Gate.SOURCE, Gate.INTEGRITY, Gate.MALWARE, Gate.LICENSE), GateMode.ENFORCE.value
)
_NOTED = {Gate.METADATA: GateMode.AUDIT.value}
POLICIES: dict[Tier, dict[str, object]] = {
    Tier.LITE: {"license_classes": ["permissive"], "max_bytes": 20_000_000_000},
    Tier.STANDARD: {
        "license_classes": ["permissive", "copyleft", "restricted"],
        "max_bytes": 200_000_000_000,
    },
    Tier.PROFESSIONAL: {
        "license_classes": ["permissive", "copyleft", "restricted", "non-commercial"]
    },
}


_CURATE = (
    *("change_model", "add_tag", "change_tag", "add_capability", "change_capability"),
    *("add_device", "change_device"),
)
_PEOPLE = ("add_user", "change_user", "change_apikey", "add_team", "change_team")
# What a role may do in the admin, where the account is a staff account, besides looking.
IN_ADMIN: dict[Role, tuple[str, ...]] = {
    Role.CURATOR: _CURATE,
    Role.ADMIN: (*_CURATE, *_PEOPLE),
}


@transaction.atomic
def seed() -> None:
    roles = [Group(name=role.value) for role in Role]
    Group.objects.bulk_create(roles, ignore_conflicts=True)
    for group in Group.objects.filter(name__in=IN_ADMIN, permissions=None):
        _permit(group, IN_ADMIN[Role(group.name)])
    known = set(Policy.objects.values_list("tier", flat=True))
    Policy.objects.bulk_create(
        Policy(
            tier=tier,
            number=1,
            gates={str(gate): mode for gate, mode in {**_ENFORCED, **_NOTED}.items()},
            limits=limits,
            note="The policy a new yard starts with.",
        )
        for tier, limits in POLICIES.items()
        if tier not in known
    )


def _permit(group: Group, names: tuple[str, ...]) -> None:
    """Let a role see the registry in the admin and do what is named; later changes are kept."""
    looking = Q(codename__startswith="view_")
    if Role.ADMIN.value != group.name:
        looking &= ~Q(codename__in=["view_user", "view_apikey"])
    allowed = looking | Q(codename__in=names)
    group.permissions.add(*Permission.objects.filter(allowed, content_type__app_label="registry"))
