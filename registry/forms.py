"""Forms of the Keys page; their choices are what the person may give."""

from __future__ import annotations

from typing import Any

from django import forms

from registry.callers import Caller
from registry.enums import Scope

_SAYS = {
    Scope.READ: "read: see and download",
    Scope.REQUEST: "request: ask for models",
    Scope.OPERATE: "operate: steer jobs",
    Scope.CURATE: "curate: decide",
    Scope.ADMIN: "admin: everything else",
}


class KeyForm(forms.Form):
    """A key can do no more than its maker."""

    name = forms.CharField(max_length=80, label="Name", help_text="Where it will be used.")
    scopes = forms.MultipleChoiceField(
        label="May", widget=forms.CheckboxSelectMultiple, initial=[Scope.READ.value]
    )
    tier_cap = forms.ChoiceField(label="Up to tier")
    expires_at = forms.DateTimeField(
        label="Ends",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty means until it is revoked.",
    )

    def __init__(self, caller: Caller, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = [(scope.value, _SAYS[scope]) for scope in Scope if caller.may(scope)]
        tiers = [(tier.value, tier.value) for tier in caller.tiers]
        self.fields["scopes"].choices = scopes  # type: ignore[attr-defined]
        self.fields["tier_cap"].choices = tiers  # type: ignore[attr-defined]
        self.fields["tier_cap"].initial = caller.tier
