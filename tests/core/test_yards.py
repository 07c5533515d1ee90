"""How a yard is told from another, and how far a question came."""

from __future__ import annotations

import pytest

from core import this_yard
from core.yards import MOST_HOPS, Way, instance_of, way_of

A, B, C = "a" * 32, "b" * 32, "c" * 32


def test_a_yard_says_which_one_it_is(settings):
    settings.SECRET_KEY, settings.PUBLIC_URL = "a secret", "https://one.example"
    first, said = this_yard.instance(), this_yard.introduction()
    assert instance_of(said) == first
    assert said == f"modelyard/1 instance={first}"
    assert "secret" not in said
    settings.PUBLIC_URL = "https://two.example"
    second = this_yard.instance()
    settings.SECRET_KEY = "another secret"
    assert len({first, second, this_yard.instance()}) == 3


@pytest.mark.parametrize(
    ("said", "instance"),
    [
        (f"modelyard/1 instance={A}", A),
        (f"modelyard/2 instance={A}; papers=2", A),
        (f"modelyard/1 instance={A}a", ""),
        (f"modelyard/1 instance={A.upper()}", ""),
        (f"another modelyard/1 instance={A}", ""),
        ("modelyard/1", ""),
        ("", ""),
    ],
)
def test_only_a_yard_has_an_instance(said, instance):
    assert instance_of(said) == instance


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ("", Way()),
        ("1", Way(1)),
        (f"1; via={A}", Way(1, (A,))),
        (f"2; via={A},{B}", Way(2, (A, B))),
        (f"3;via={A}", Way(3, (A,))),
    ],
)
def test_a_way_is_read(said, way):
    assert way_of(said) == way
    assert not way_of(said).is_too_long


@pytest.mark.parametrize("said", ["0", "-1", "4", "99", "1000", "x", "1; via=", "1; via=x", "1,2"])
def test_a_way_that_is_long_or_no_way_is_too_long(said):
    assert way_of(said).is_too_long


def test_every_yard_adds_itself_until_the_way_is_too_long():
    said = ""
    for hops, yard in enumerate((A, B, C), start=1):
        said = way_of(said).onward(yard)
        assert way_of(said) == Way(hops, (A, B, C)[:hops])
    assert way_of(said).hops == MOST_HOPS
    assert way_of(way_of(said).onward(A)).is_too_long
