"""What changed between two versions, as the API tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from rest_framework import serializers as s

from catalog.policy.changes import Changes, TextDiff
from catalog.policy.files import File, Pair

MAX_CHANGES: Final = 1000  # listed of each kind; all are counted


class DiffFile(s.Serializer):
    path = s.CharField()
    size = s.IntegerField()
    sha256 = s.CharField(allow_blank=True)
    git_oid = s.CharField(allow_blank=True)


class ChangedFile(s.Serializer):
    path = s.CharField()
    before = DiffFile()
    after = DiffFile()


class DiffSizes(s.Serializer):
    before = s.IntegerField()
    after = s.IntegerField()
    new = s.IntegerField(help_text="Bytes of contents that the version before does not have.")


class DiffField(s.Serializer):
    name = s.CharField()
    before = s.JSONField(allow_null=True)
    after = s.JSONField(allow_null=True)


class DiffLine(s.Serializer):
    kind = s.ChoiceField(["same", "added", "removed", "gap"])
    text = s.CharField(allow_blank=True)
    before = s.IntegerField(allow_null=True, help_text="Number of the line.")
    after = s.IntegerField(allow_null=True)


class DiffText(s.Serializer):
    kind = s.ChoiceField(["card", "license", "chat_template", "parameters"])
    state = s.ChoiceField(["same", "changed", "added", "removed", "unknown"])
    path_before = s.CharField(allow_blank=True)
    path_after = s.CharField(allow_blank=True)
    added = s.IntegerField(help_text="Lines.")
    removed = s.IntegerField(help_text="Lines.")
    is_hidden = s.BooleanField(help_text="Lines are for who may have both versions.")
    lines = DiffLine(many=True)
    is_whole = s.BooleanField(help_text="False where a long text is not compared to its end.")


class DiffDocument(s.Serializer):
    model = s.CharField()
    before = s.CharField(help_text="Commit.")
    after = s.CharField(help_text="Commit.")
    added = DiffFile(many=True)
    removed = DiffFile(many=True)
    changed = ChangedFile(many=True)
    renamed = ChangedFile(many=True, help_text="The same content under another path.")
    unchanged = s.IntegerField()
    counts = s.DictField(child=s.IntegerField(), help_text="All changes; lists hold up to 1000.")
    size_bytes = DiffSizes()
    config = DiffField(many=True, help_text="Fields of the typed configuration.")
    license = DiffField(many=True, help_text="`spdx` and `class`, where they differ.")
    texts = DiffText(many=True)


def changes_shape(changes: Changes) -> dict[str, Any]:
    files = changes.files
    return {
        "added": _files(files.added),
        "removed": _files(files.removed),
        "changed": _pairs(files.changed),
        "renamed": _pairs(files.renamed),
        "unchanged": files.unchanged,
        "counts": files.counts,
        "size_bytes": {
            "before": files.size_before,
            "after": files.size_after,
            "new": files.new_bytes,
        },
        "config": [asdict(field) for field in changes.fields],
        "license": [asdict(field) for field in changes.license],
        "texts": [_text(text) for text in changes.texts],
    }


def _files(files: Sequence[File]) -> list[dict[str, Any]]:
    return [asdict(file) for file in files[:MAX_CHANGES]]


def _pairs(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    return [{"path": pair.after.path, **asdict(pair)} for pair in pairs[:MAX_CHANGES]]


def _text(text: TextDiff) -> dict[str, Any]:
    change = text.change
    return {
        "kind": text.kind,
        "state": text.state,
        "path_before": text.path_before,
        "path_after": text.path_after,
        "added": change.added if change else 0,
        "removed": change.removed if change else 0,
        "is_hidden": text.is_hidden,
        "lines": [asdict(line) for line in change.lines] if change else [],
        "is_whole": change is None or change.is_whole,
    }
