from __future__ import annotations

import pytest

from catalog.sources.base import SourceOptions
from catalog.sources.huggingface import HuggingFace
from core.http import HttpPolicy, origin_of
from tests.standins.fixture import start_upstream, upstream

__all__ = ["start_upstream", "upstream"]


@pytest.fixture
def slept():
    return []


@pytest.fixture
def make_source(slept):
    """A source at a stand-in; closed at the end."""
    made = []

    def make(upstream, *, token="", run_token="", **options):
        policy = HttpPolicy(sleep=slept.append, dice=lambda: 1.0, read_timeout=10.0)
        source = HuggingFace(
            SourceOptions(
                endpoint=upstream.url,
                token=token,
                file_origins=(origin_of(upstream.cdn),),
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
def source(make_source, upstream):
    return make_source(upstream)
