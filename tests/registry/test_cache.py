from __future__ import annotations

import pytest
from pydantic import ValidationError

from registry.configs.cache import CacheLayers, bytes_per_token, cache_bytes

FULL = CacheLayers(layers=18, values_per_token=1024)
LOCAL = CacheLayers(layers=18, values_per_token=1024, window=128)


def test_a_token_takes_what_all_layers_keep_of_it():
    assert bytes_per_token((FULL, LOCAL)) == 36 * 1024 * 2
    assert bytes_per_token((FULL, LOCAL), 0.5) == 36 * 512
    assert bytes_per_token(()) == 0


def test_a_window_stops_growing():
    assert cache_bytes((FULL, LOCAL), tokens=100) == 100 * bytes_per_token((FULL, LOCAL))
    grown = cache_bytes((FULL, LOCAL), tokens=1000) - cache_bytes((FULL, LOCAL), tokens=128)
    assert grown == 872 * bytes_per_token((FULL,))


def test_requests_and_widths_multiply():
    one = cache_bytes((LOCAL,), tokens=500)
    assert cache_bytes((LOCAL,), tokens=500, batch=3) == 3 * one
    assert cache_bytes((LOCAL,), tokens=500, bytes_per_value=1) == one // 2
    assert cache_bytes((FULL,), tokens=0) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"layers": 0, "values_per_token": 1},
        {"layers": 1, "values_per_token": True},
        {"layers": 1, "values_per_token": 1, "window": 0},
        {"layers": 1, "values_per_token": 1, "extra": 1},
    ],
)
def test_layers_that_cannot_be_are_refused(fields):
    with pytest.raises(ValidationError):
        CacheLayers(**fields)


def test_what_is_stored_comes_back():
    assert CacheLayers(**LOCAL.model_dump(mode="json")) == LOCAL
