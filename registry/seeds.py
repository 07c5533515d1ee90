"""What a new yard starts with: roles and one policy per tier. Safe to run again."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction

from registry.enums import Gate, GateMode, Role, Tier
from registry.models import Policy

_ENFORCED = dict.fromkeys((Gate.INTEGRITY, Gate.MALWARE, Gate.LICENSE), GateMode.ENFORCE.value)
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


@transaction.atomic
def seed() -> None:
    for role in Role:
        Group.objects.get_or_create(name=role.value)
    for tier, limits in POLICIES.items():
        if not Policy.objects.filter(tier=tier).exists():
            Policy.objects.create(
                tier=tier,
                number=1,
                gates={str(gate): mode for gate, mode in {**_ENFORCED, **_NOTED}.items()},
                limits=limits,
                note="The policy a new yard starts with.",
            )
