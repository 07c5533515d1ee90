"""A model arrives, is inspected, and leaves with papers in order."""

from __future__ import annotations

import pytest

from tests.standins.repos import MINILM, minilm


@pytest.fixture
def minilm_yard(make_yard, start_upstream):
    return make_yard(start_upstream(minilm))


def test_a_real_model_is_admitted(minilm_yard):
    yard = minilm_yard
    run = yard.bring(MINILM)
    assert yard.states(run)
