"""Settings that people write in words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from config.settings.env import Environment


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20GB", 20 * 10**9),
        ("1.5 tb", 1_500 * 10**9),
        ("500 MiB", 500 << 20),
        ("64k", 64_000),
        ("123", 123),
        ("123b", 123),
        ("0", 0),
    ],
)
def test_a_number_of_bytes_may_be_written_as_people_do(text, size):
    assert size == Environment(MODEL_CACHE_SIZE=text).MODEL_CACHE_SIZE


@pytest.mark.parametrize(
    "text", ["catalog.test", "ftp://catalog.test", "https://a b", "https://x?y"]
)
def test_what_is_no_address_stops_the_start_with_the_name_of_the_setting(text):
    assert Environment(BUDCONNECT_URL="https://catalog.test/v1").BUDCONNECT_URL
    with pytest.raises(ValidationError, match="BUDCONNECT_URL"):
        Environment(BUDCONNECT_URL=text)


@pytest.mark.parametrize("text", ["a lot", "-5GB", "20 apples", "GB", "1e9x"])
def test_what_is_no_number_of_bytes_stops_the_start_with_the_name_of_the_setting(text):
    with pytest.raises(ValidationError, match="MODEL_CACHE_SIZE"):
        Environment(MODEL_CACHE_SIZE=text)
