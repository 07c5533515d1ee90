"""The bodies of the API: input serializers read, output serializers describe (OpenAPI)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers as s

from catalog.api.plan_documents import DownloadRecord, SelectionInput
from catalog.upstreams import provider_types
from core.errors import InvalidInputError
from registry.enums import Tier


class ProviderField(s.ChoiceField):
    """A place that models come from, as far as this yard has a source for it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(sorted(provider_types()), **kwargs)

    def to_internal_value(self, data: Any) -> str:  # noqa: ANN401 whatever was sent
        try:
            return str(super().to_internal_value(data))
        except s.ValidationError as error:
            raise InvalidInputError(
                f"No source here serves provider_type {str(data)[:40]!r}. Served:"
                f" {', '.join(self.choices)}. Name the model at one of them, or send its files to"
                " /api/v1/uploads.",
                field="provider_type",
            ) from error


class ProblemDocument(s.Serializer):
    type = s.CharField()
    title = s.CharField()
    status = s.IntegerField()
    detail = s.CharField()
    code = s.CharField(help_text="Stable; match on this.")
    fields = s.JSONField(required=False, help_text="What is wrong with which field.")  # type: ignore[assignment]


class ImportErrorDocument(s.Serializer):
    """Why the last import of a version that is still pending ended."""

    code = s.CharField()
    detail = s.CharField()
    workflow = s.CharField(help_text="Path of the workflow; it can be retried.")


class ModelDocument(s.Serializer):
    id = s.CharField(help_text="The model's public id (slug).")
    name = s.CharField()
    author = s.CharField()
    description = s.CharField()
    type = s.CharField()
    source = s.CharField()  # type: ignore[assignment]  # a field, not the attribute
    repo_id = s.CharField()
    version = s.IntegerField(allow_null=True, help_text="Number of the head version.")
    revision = s.CharField(allow_null=True, help_text="Commit of the head version.")
    filename = s.CharField(allow_null=True, help_text="Its largest file.")
    size_bytes = s.IntegerField()
    download_url = s.CharField(allow_null=True, help_text="Null where nothing is served.")
    tier = s.ChoiceField(Tier.choices)
    status = s.CharField()
    import_error = ImportErrorDocument(allow_null=True)
    scan = s.CharField()
    license = s.CharField(help_text="SPDX id.")
    license_type = s.CharField()
    family = s.CharField()
    num_params = s.IntegerField(allow_null=True)
    context_length = s.IntegerField(allow_null=True)
    formats = s.ListField(child=s.CharField())
    quantization = s.CharField()
    languages = s.ListField(child=s.CharField())
    categories = s.ListField(
        child=s.CharField(),
        help_text="What it can be used as: embedding, vision, tools, thinking, cloud.",
    )
    runtimes = s.ListField(child=s.CharField(), help_text="What can run the head version.")
    memory_bytes = s.IntegerField(
        allow_null=True,
        help_text="Estimate: on one device, one request of 8,192 tokens, a cache of 16 bits.",
    )
    parameters = s.JSONField(help_text="Free inference settings.")
    tags = s.ListField(child=s.CharField())
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()


class PageDocument(s.Serializer):
    next = s.CharField(allow_null=True, help_text="Path of the next page.")
    previous = s.CharField(allow_null=True, help_text="Path of the page before.")


class ModelPage(PageDocument):
    results = ModelDocument(many=True)


class VersionDocument(s.Serializer):
    model = s.CharField()
    version = s.IntegerField()
    revision = s.CharField(help_text="Commit.")
    parent = s.IntegerField(allow_null=True)  # type: ignore[assignment]  # a field, not the attribute
    filename = s.CharField(allow_null=True)
    file_count = s.IntegerField(help_text="Files that are taken.")
    left_out = s.IntegerField(help_text="Files of the commit that are not.")
    size_bytes = s.IntegerField(help_text="Of the files that are taken.")
    download_url = s.CharField(allow_null=True)
    type = s.CharField()
    status = s.CharField()
    scan = s.CharField()
    license = s.CharField()
    license_type = s.CharField()
    lowest_tier = s.CharField(allow_null=True)
    import_error = ImportErrorDocument(allow_null=True)
    changes = s.CharField()
    created_at = s.DateTimeField()
    pinned_at = s.DateTimeField(allow_null=True)
    decided_at = s.DateTimeField(allow_null=True)


class VersionDetailDocument(VersionDocument):
    decision = s.JSONField(help_text="What each tier's policy said, with reasons.")
    config = s.JSONField(help_text="What the inspection read.")


class VersionPage(PageDocument):
    results = VersionDocument(many=True)


class FileDocument(s.Serializer):
    path = s.CharField()
    size_bytes = s.IntegerField()
    sha256 = s.CharField(allow_null=True)
    git_oid = s.CharField(allow_null=True)
    lfs = s.BooleanField()
    stored = s.BooleanField(help_text="Its bytes are verified and kept here.")
    left_out = s.CharField(allow_null=True, help_text="Why it is not taken; null when it is.")
    coming = s.BooleanField(help_text="Left out until now, and on its way in.")
    download_url = s.CharField(allow_null=True)


class FilePage(PageDocument):
    results = FileDocument(many=True)


class Progress(s.Serializer):
    done = s.IntegerField()
    total = s.IntegerField(allow_null=True)
    unit = s.CharField()


class WorkflowStep(s.Serializer):
    name = s.CharField()
    title = s.CharField()
    state = s.CharField()
    message = s.CharField()
    progress = Progress()
    started_at = s.DateTimeField(allow_null=True)
    finished_at = s.DateTimeField(allow_null=True)


class WorkflowDocument(s.Serializer):
    object = s.CharField()
    id = s.UUIDField()
    kind = s.CharField()
    state = s.CharField()
    cancel_requested = s.BooleanField()
    steps = WorkflowStep(many=True)
    progress = Progress(allow_null=True)
    waiting = s.JSONField(
        allow_null=True,
        help_text="code, times, next_try while it waits for space or a store; goes on by itself.",
    )
    error = s.JSONField(allow_null=True, help_text="code, detail, details")
    links = s.DictField(child=s.CharField())
    created_at = s.DateTimeField()
    started_at = s.DateTimeField(allow_null=True)
    finished_at = s.DateTimeField(allow_null=True)


class WorkflowPage(PageDocument):
    results = WorkflowDocument(many=True)


class DownloadPage(PageDocument):
    object = s.CharField()
    results = DownloadRecord(many=True)


class StartedDocument(s.Serializer):
    status = s.CharField(help_text="accepted, or success when it is here already.")
    workflow_id = s.UUIDField(allow_null=True)
    model = s.CharField(allow_null=True)
    revision = s.CharField(allow_null=True)


class RequestDocument(s.Serializer):
    model = s.CharField()
    tier = s.ChoiceField(Tier.choices)
    state = s.CharField()
    reason = s.CharField()
    created_at = s.DateTimeField()


class ExtractionDocument(s.Serializer):
    object = s.CharField()
    workflow_id = s.UUIDField(allow_null=True)
    revision = s.CharField(allow_null=True, help_text="The commit that was pinned.")
    model_info = s.JSONField(allow_null=True, help_text="Null until the workflow is done.")
    local_path = s.CharField(allow_null=True)
    created = s.IntegerField(help_text="Seconds since 1970.")


class IssueWaiver(s.Serializer):
    id = s.IntegerField()
    reason = s.CharField()
    granted_by = s.CharField()
    expires_at = s.DateTimeField()


class Issue(s.Serializer):
    title = s.CharField(help_text="The rule; `not_covered` where an engine could not look.")
    severity = s.CharField()
    description = s.CharField()
    source = s.CharField()  # type: ignore[assignment]  # a field, not the attribute
    sha256 = s.CharField(allow_null=True, help_text="Of the content that it is about.")
    waiver = IssueWaiver(allow_null=True, help_text="What keeps it from counting, while it does.")


class ScanDocument(s.Serializer):
    object = s.CharField()
    workflow_id = s.UUIDField(allow_null=True)
    verdict = s.CharField(allow_null=True)
    issues = Issue(many=True, allow_null=True)
    created = s.IntegerField()


# -- bodies that are read -------------------------------------------------------------------------


class RegisterInput(SelectionInput):
    source = s.CharField(max_length=32, default="huggingface")  # type: ignore[assignment]  # a field, not the attribute
    repo_id = s.CharField(max_length=200)
    revision = s.CharField(max_length=200, default="", allow_blank=True)


class ModelChange(s.Serializer):
    tier = s.ChoiceField(Tier.choices, required=False)
    parameters = s.DictField(required=False)
    description = s.CharField(max_length=20_000, required=False, allow_blank=True)
    reason = s.CharField(max_length=2000, required=False, allow_blank=True)


class WithdrawInput(s.Serializer):
    reason = s.CharField(max_length=2000)


class AccessInput(s.Serializer):
    tier = s.ChoiceField(Tier.choices, required=False)
    reason = s.CharField(max_length=2000, default="", allow_blank=True)


class DownloadInput(SelectionInput):
    revision = s.CharField(max_length=200, default="", allow_blank=True)
    force = s.BooleanField(default=False)


class ExtractInput(s.Serializer):
    model_name = s.CharField(max_length=400, required=False, allow_blank=True)
    model_uri = s.CharField(max_length=2000)
    provider_type = ProviderField(default="hugging_face")
    hf_token = s.CharField(max_length=400, required=False, allow_blank=True, write_only=True)
    revision = s.CharField(max_length=200, default="", allow_blank=True, allow_null=True)
    force = s.BooleanField(default=False)


class RetryInput(s.Serializer):
    hf_token = s.CharField(max_length=400, required=False, allow_blank=True, write_only=True)


class ScanInput(s.Serializer):
    model_uri = s.CharField(max_length=2000, required=False)
    model_path = s.CharField(max_length=2000, required=False)


# -- query parameters -----------------------------------------------------------------------------

PAGING = [
    OpenApiParameter("cursor", description="From `next` or `previous`."),
    OpenApiParameter("limit", OpenApiTypes.INT, description="Rows of one page."),
]
