"""Forms of signing in and of the Keys page, whose choices are what the person may give."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from registry.callers import Caller
from registry.enums import Scope

_SAYS = {
    Scope.READ: "read: see and download",
    Scope.REQUEST: "request: ask for models",
    Scope.OPERATE: "operate: steer jobs",
    Scope.CURATE: "curate: decide",
    Scope.ADMIN: "admin: everything else",
}


_LONGEST_NAME = 150  # the longest that a person can have


class SignInForm(AuthenticationForm):
    """A name that nobody can have is wrong like any other, before a table refuses its length."""

    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": "Check the name and the password; capital letters count in both."
    }

    def clean(self) -> dict[str, Any]:
        if len(self.cleaned_data.get("username", "")) > _LONGEST_NAME:
            raise self.get_invalid_login_error()
        return super().clean()


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
