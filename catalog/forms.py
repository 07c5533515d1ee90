"""Forms of the catalog's pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone

from catalog.enums import UpdateRule
from catalog.policy.weight_sets import WeightSet
from core.errors import InvalidInputError
from downloads.planning.presets import PRESETS
from downloads.planning.selection import Selection
from registry.callers import Caller
from registry.fit.memory import CACHE_TYPES, Workload
from scanning.services.waivers import latest_end


class AskForm(forms.Form):
    """Why somebody wants a model; the tier is never more than their own."""

    tier = forms.ChoiceField(label="For tier")
    reason = forms.CharField(
        label="Why",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="A curator reads this. Say what it is for.",
    )

    def __init__(
        self, caller: Caller, *args: Any, needs_reason: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        tiers = [(tier.value, tier.value) for tier in caller.tiers]
        self.fields["tier"].choices = tiers  # type: ignore[attr-defined]
        self.fields["tier"].initial = caller.tier
        self.fields["reason"].required = needs_reason


class TokenForm(forms.Form):
    """A token of the source, for one job. It goes by POST only and is never shown again."""

    token = forms.CharField(
        label="Token of the source",
        required=False,
        max_length=400,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="For private and gated models. Used for this job alone, never stored or logged.",
    )


class SelectionForm(forms.Form):
    """Which files of a repository to take; nothing said takes all."""

    preset = forms.ChoiceField(
        label="Only what this needs",
        required=False,
        choices=[("", "everything"), *((one.slug, one.title) for one in PRESETS.values())],
    )
    variant = forms.CharField(
        label="Variant",
        required=False,
        max_length=32,
        help_text="Such as Q4_K_M, fp16 or quantized; the usual one when empty.",
    )
    include = forms.CharField(
        label="Only paths that match",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="One pattern on each line, such as *.gguf or unet/",
    )
    exclude = forms.CharField(
        label="Without paths that match",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="Leaves out configuration, card and license too where they match.",
    )

    def selection(self) -> Selection:
        """Give what was chosen; InvalidInputError when it cannot be."""
        if not self.is_valid():
            field, errors = next(iter(self.errors.items()))
            raise InvalidInputError(f"{self[field].label}: {errors[0]}", field=field)
        said = self.cleaned_data
        preset = f"{said['preset']}:{said['variant']}" if said["variant"] else said["preset"]
        if preset.startswith(":"):
            raise InvalidInputError("A variant needs a preset that it is of.", field="variant")
        return Selection.read(include=said["include"], exclude=said["exclude"], preset=preset)


class ImportForm(AskForm, TokenForm):
    """What an import may say besides the commit that the dry run showed."""

    field_order = ("tier", "reason", "token")


class AnswerForm(forms.Form):
    """A curator's words; the person who asked will read them."""

    reason = forms.CharField(
        label="Your words",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The person who asked reads this. Needed to refuse.",
    )


def _reason(text: str) -> forms.CharField:
    return forms.CharField(
        label="Why",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=text,
    )


class RuleForm(forms.Form):
    """What happens with newer commits of a model."""

    rule = forms.ChoiceField(label="When a newer commit is there", choices=UpdateRule.choices)


class RollBackForm(forms.Form):
    """Where `main` goes back to, and why."""

    version = forms.ChoiceField(label="Keep main at")
    reason = _reason("Shown on this page and kept in the audit trail.")

    def __init__(self, choices: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].choices = choices  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why a curator does something."""

    reason = _reason("Kept in the audit trail.")


class WaiveForm(forms.Form):
    """Why what a rule found is accepted, and to the end of which day."""

    reason = _reason("Stands beside the finding for everybody who sees it. Three words or more.")
    until = forms.DateField(label="Until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today, self._latest = timezone.now().date(), latest_end(timezone.now())
        span = {"min": today.isoformat(), "max": self._latest.date().isoformat()}
        until = self.fields["until"]
        until.widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", **span})
        until.initial = self._latest.date()
        until.help_text = f"At most {settings.WAIVER_MAX_DAYS} days; then it blocks again."

    @property
    def expires_at(self) -> datetime:
        """The end of the chosen day, and on the last possible day the moment that is possible."""
        end = datetime.combine(self.cleaned_data["until"], time.max, tzinfo=UTC)
        return self._latest if end.date() == self._latest.date() else end


class ReleaseForm(ReasonForm):
    """Why `main` is no longer kept where it is."""

    prefix = "release"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = "Why release it"


class CompareForm(forms.Form):
    """Two versions to compare."""

    before = forms.ChoiceField(label="From")
    after = forms.ChoiceField(label="To")

    def __init__(self, choices: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("before", "after"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]


class UploadForm(forms.Form):
    """What a model that a person sends is called."""

    name = forms.CharField(
        label="Name",
        max_length=150,
        help_text="A new one, or the one of an upload to go on with. Your user name is put before.",
    )


class FitForm(forms.Form):
    """What is asked of a model; what cannot be used is said, and stands at its default."""

    context = forms.IntegerField(required=False, min_value=1, max_value=100_000_000)
    batch = forms.IntegerField(required=False, min_value=1, max_value=1024)
    cache = forms.ChoiceField(
        required=False, choices=[(slug, one.title) for slug, one in CACHE_TYPES.items()]
    )

    def __init__(
        self, query: QueryDict, *, default: Workload, sets: Sequence[WeightSet] = ()
    ) -> None:
        super().__init__(query)
        self._default, self._sets = default, sets
        self.fields["weights"] = forms.ChoiceField(
            required=False, choices=[(one.name, one.name) for one in sets]
        )

    @property
    def weight_set(self) -> WeightSet | None:
        """The weights that are chosen, else those taken unasked; None where there is no choice."""
        self.is_valid()
        chosen = self.cleaned_data.get("weights")
        named = (one for one in self._sets if one.name == chosen)
        return next(named, self._sets[0] if self._sets else None)

    @property
    def workload(self) -> Workload:
        """What is asked, with the default for all that is not said or cannot be used."""
        self.is_valid()
        given = self.cleaned_data
        return Workload(
            context=given.get("context") or self._default.context,
            batch=given.get("batch") or self._default.batch,
            cache_type=given.get("cache") or self._default.cache_type,
        )
