"""The bodies of plans, selections and the download history."""

from __future__ import annotations

from rest_framework import serializers as s

from catalog.selectors.downloads import STATUSES
from downloads.planning.presets import PRESETS


class SelectionInput(s.Serializer):
    """Which files; nothing said takes all. Each part narrows, and what is here already stays."""

    include = s.ListField(
        child=s.CharField(max_length=200),
        default=list,
        help_text="Patterns as `allow_patterns` of huggingface_hub. Configuration, tokenizer, "
        "card and license come along.",
    )
    exclude = s.ListField(
        child=s.CharField(max_length=200), default=list, help_text="Patterns of what is left out."
    )
    preset = s.CharField(
        max_length=80,
        default="",
        allow_blank=True,
        help_text=f"Only what a runtime needs: {', '.join(PRESETS)}; with a variant as "
        "`gguf:Q4_K_M`, `diffusers:fp16`, `onnx:quantized`.",
    )


class PlanInput(SelectionInput):
    model_uri = s.CharField(max_length=2000)
    revision = s.CharField(max_length=200, default="", allow_blank=True)
    hf_token = s.CharField(max_length=400, required=False, allow_blank=True, write_only=True)


class Sum(s.Serializer):
    files = s.IntegerField()
    size_bytes = s.IntegerField()


class PlannedFile(s.Serializer):
    path = s.CharField()
    size_bytes = s.IntegerField()
    state = s.ChoiceField(["move", "stored", "left_out"])
    reason = s.CharField(allow_blank=True)


class PlanNote(s.Serializer):
    code = s.CharField(help_text="Stable; match on this.")
    title = s.CharField()
    text = s.CharField()


class PlanDocument(s.Serializer):
    object = s.CharField()
    source = s.CharField()  # type: ignore[assignment]  # a field, not the attribute
    repo_id = s.CharField()
    revision = s.CharField(help_text="The commit that would be pinned.")
    selection = SelectionInput()
    take = Sum(help_text="What the version would be made of.")
    move = Sum(help_text="What would be fetched.")
    stored = Sum(help_text="What is stored already, as far as you may know.")
    left_out = s.DictField(child=Sum(), help_text="What stays behind, by its reason.")
    needed_bytes = s.IntegerField(help_text="Free space that it takes.")
    free_bytes = s.IntegerField()
    fits = s.BooleanField()
    limits = s.ListField(child=s.CharField(), help_text="Limits of transfers that would apply.")
    warnings = PlanNote(many=True)
    files = PlannedFile(many=True, help_text="The first 1000; the sums hold all.")
    admission = s.CharField(help_text="What the policies would say if the scan finds nothing.")
    lowest_tier = s.CharField(allow_null=True)


class DownloadRecord(s.Serializer):
    model = s.CharField(allow_null=True, help_text="Null where it was never found.")
    repo_id = s.CharField()
    version = s.IntegerField(allow_null=True)
    revision = s.CharField(allow_null=True)
    downloaded_at = s.DateTimeField(allow_null=True, help_text="Null while it runs.")
    started_at = s.DateTimeField(allow_null=True)
    downloaded_by = s.ListField(
        child=s.CharField(), help_text="All who asked, for staff; else yourself alone."
    )
    status = s.ChoiceField(STATUSES)
    size_bytes = s.IntegerField(help_text="Of the files that are taken.")
    size_gb = s.FloatField(help_text="The same in GB.")
    selection = s.CharField(help_text="Which files were asked for.")
    path = s.CharField(allow_null=True, help_text="`local_path` of the version.")
    error = s.JSONField(allow_null=True, help_text="code, detail")
    workflow_id = s.UUIDField()
