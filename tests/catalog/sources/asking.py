"""What tests of sources say and look at again and again."""

from __future__ import annotations

from catalog.sources.base import ModelRef


def ref(repo_id, revision=None):
    return ModelRef("huggingface", repo_id, revision)


def has_token(entry):
    return "authorization" in {name.lower() for name in entry["headers"]}


def asked(upstream):
    return [(entry["method"], entry["status"]) for entry in upstream.log()]
