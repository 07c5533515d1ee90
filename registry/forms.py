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


class _LimitedForm(forms.Form):
    """What every key has: a name, the highest tier that its maker lets it have, an end."""

    name = forms.CharField(max_length=80, label="Name", help_text="Where it will be used.")
    tier_cap = forms.ChoiceField(label="Up to tier")
    expires_at = forms.DateTimeField(
        label="Ends",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty means until it is revoked.",
    )

    def __init__(self, caller: Caller, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers = [(tier.value, tier.value) for tier in caller.tiers]
        self.fields["tier_cap"].choices = tiers  # type: ignore[attr-defined]
        self.fields["tier_cap"].initial = caller.tier


class KeyForm(_LimitedForm):
    """A key can do no more than its maker."""

    scopes = forms.MultipleChoiceField(
        label="May", widget=forms.CheckboxSelectMultiple, initial=[Scope.READ.value]
    )
    field_order = ("name", "scopes", "tier_cap", "expires_at")

    def __init__(self, caller: Caller, *args: Any, **kwargs: Any) -> None:
        super().__init__(caller, *args, **kwargs)
        scopes = [(scope.value, _SAYS[scope]) for scope in Scope if caller.may(scope)]
        self.fields["scopes"].choices = scopes  # type: ignore[attr-defined]


class OllamaKeyForm(_LimitedForm):
    """The public half of the key of an Ollama, which may read and nothing else."""

    prefix = "ollama"
    public_key = forms.CharField(
        max_length=400,
        label="Public key",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="The line in id_ed25519.pub, below ~/.ollama or /usr/share/ollama/.ollama.",
    )
    field_order = ("name", "public_key", "tier_cap", "expires_at")
