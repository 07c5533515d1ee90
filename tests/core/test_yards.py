"""How a yard is told from another."""

from __future__ import annotations

import pytest

from core import yards


def test_a_yard_says_which_one_it_is(settings):
    settings.SECRET_KEY, settings.PUBLIC_URL = "a secret", "https://one.example"
    first, said = yards.instance(), yards.introduction()
    assert yards.instance_of(said) == first
    assert said == f"modelyard/1 instance={first}"
    assert "secret" not in said
    settings.PUBLIC_URL = "https://two.example"
    second = yards.instance()
    settings.SECRET_KEY = "another secret"
    assert len({first, second, yards.instance()}) == 3


@pytest.mark.parametrize(
    ("said", "instance"),
    [
        (f"modelyard/1 instance={'a' * 32}", "a" * 32),
        (f"modelyard/2 instance={'a' * 32}; papers=2", "a" * 32),
        (f"modelyard/1 instance={'a' * 33}", ""),
        (f"modelyard/1 instance={'A' * 32}", ""),
        (f"another modelyard/1 instance={'a' * 32}", ""),
        ("modelyard/1", ""),
        ("", ""),
    ],
)
def test_only_a_yard_has_an_instance(said, instance):
    assert yards.instance_of(said) == instance
