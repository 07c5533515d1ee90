from __future__ import annotations

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.files import Files
from catalog.inspectors.sampling import sampling_facts
from registry.configs._text import Sampling
from tests.catalog.inspectors.memory import MemoryReader


def advised(told):
    found = sampling_facts(Files(MemoryReader({"generation_config.json": told}), Problems()))
    return found and Sampling(**found).model_dump(exclude_none=True)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"temperature": 0.6, "top_p": 0.9, "top_k": 20, "do_sample": True},
         {"temperature": 0.6, "top_p": 0.9, "top_k": 20}),
        ({"temperature": 0.6}, {"temperature": 0.6}),
        ({"repetition_penalty": 1.05}, {"repetition_penalty": 1.05}),
        ({"do_sample": False}, {"temperature": 0.0}),
        ({"do_sample": False, "temperature": 0.7, "top_p": 0.9}, {"temperature": 0.0}),
        ({"do_sample": False, "repetition_penalty": 1.2},
         {"temperature": 0.0, "repetition_penalty": 1.2}),
        ({"temperature": 1}, {"temperature": 1.0}),
        ({"top_k": 0}, {"top_k": 0}),
    ],
)  # fmt: skip
def test_what_the_author_advises_is_kept(told, expected):
    assert advised(told) == expected


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"eos_token_id": 2},
        {"temperature": "0.6", "top_p": True, "top_k": 1.5},
        {"temperature": -1, "top_p": 1.1, "top_k": -5, "repetition_penalty": 0},
        '{"temperature": NaN, "top_p": Infinity, "top_k": 1e400}',
        {"temperature": [1], "top_p": {}, "top_k": 10**30},
    ],
)
def test_numbers_that_are_none_are_unknown(told):
    assert advised(told) is None


def test_without_the_file_nothing_is_advised():
    assert sampling_facts(Files(MemoryReader({}), Problems())) is None
