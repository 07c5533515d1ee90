"""A CivitAI with a few models, and the source that reads it."""

from __future__ import annotations

import pytest

from catalog.sources.base import ModelRef, SourceOptions
from catalog.sources.civitai import CivitAI
from core.http import HttpPolicy
from tests.standins.civitai import Civitai
from tests.standins.repos import tiny_safetensors

WEIGHTS = tiny_safetensors({"lora_unet.down": ("F16", [4, 8]), "lora_unet.up": ("F16", [8, 4])})


@pytest.fixture
def civitai():
    """Model 100 has the versions 1001 and 1002, of which the second is newer."""
    with Civitai() as running:
        running.model(100)
        running.version(100, 1001, {"boats.safetensors": WEIGHTS})
        running.version(
            100, 1002, {"boats.safetensors": WEIGHTS + b"\0" * 9, "boats.yaml": b"a: 1"}
        )
        yield running


@pytest.fixture
def slept():
    return []


@pytest.fixture
def make_source(civitai, slept):
    made = []

    def make(*, token="", run_token="", **options):
        policy = HttpPolicy(sleep=slept.append, dice=lambda: 1.0, read_timeout=10.0)
        source = CivitAI(
            SourceOptions(
                endpoint=civitai.url,
                token=token,
                file_origins=(civitai.file_origin,),
                http=options.pop("http", policy),
                **options,
            ),
            token=run_token,
        )
        made.append(source)
        return source

    yield make
    for source in made:
        source.close()


@pytest.fixture
def source(make_source):
    return make_source()


def ref(repo_id, revision=None):
    return ModelRef("civitai", repo_id, revision)
