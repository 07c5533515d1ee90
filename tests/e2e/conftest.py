"""One upstream, one yard and its people for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.models import all_models
from tests.e2e.upstream import running_upstream
from tests.e2e.yard import running_yard
from tests.standins.repos import RepoRoot

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def upstream(tmp_path_factory):
    repos = RepoRoot(tmp_path_factory.mktemp("upstream"))
    all_models(repos)
    with running_upstream(repos) as running:
        yield running


@pytest.fixture(scope="session")
def yard(upstream):
    with running_yard(upstream) as running:
        yield running


@pytest.fixture(scope="session")
def lena(yard):
    """A viewer of the lowest tier."""
    return yard.person("lena", tier="lite", role="viewer")


@pytest.fixture(scope="session")
def cora(yard):
    """A curator who may have everything."""
    return yard.person("cora", tier="professional", role="curator")
