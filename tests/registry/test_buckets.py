"""Numbers lie in one bucket each, the same for counting and for selecting."""

from __future__ import annotations

import pytest

from registry.buckets import CONTEXTS, PARAMS, UNKNOWN
from registry.models import Model
from tests.factories.registry import ModelFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("buckets", [PARAMS, CONTEXTS])
def test_every_number_is_in_one_bucket_that_selects_it(buckets):
    bounds = [one.low for one in buckets.ranges if one.low is not None]
    numbers = [None, 1, *(near for bound in bounds for near in (bound - 1, bound)), 2**53]
    for number in numbers:
        ModelFactory(**{buckets.column: number})
    column = {"num_params": "params_class", "context_length": "context_class"}[buckets.column]
    for name in buckets.names():
        counted = Model.objects.filter(**{column: name}).order_by("pk")
        assert list(Model.objects.filter(buckets.condition((name,))).order_by("pk")) == list(
            counted
        )
        assert counted.count() == (1 if name == UNKNOWN else 2)
    assert Model.objects.filter(buckets.condition(buckets.names())).count() == len(numbers)


def test_bounds_meet():
    for buckets in (PARAMS, CONTEXTS):
        highs = [one.high for one in buckets.ranges]
        lows = [one.low for one in buckets.ranges]
        assert highs[:-1] == lows[1:]
        assert (lows[0], highs[-1]) == (None, None)
        assert buckets.label("of-nothing") == "not known"
