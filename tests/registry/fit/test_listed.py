"""What lists keep of a need: three columns and a class."""

from __future__ import annotations

import pytest

from registry.configs.llm import LlmConfig
from registry.default_devices import DEVICES
from registry.fit.assumptions import GIB
from registry.fit.listed import CLASSES, CONTEXTS, LIMITS, class_of, classes_within, listed_needs
from registry.fit.memory import Workload, need_of
from registry.fit.shares import usable_bytes
from tests.registry.fit.test_memory import LLAMA


def test_each_column_is_the_need_at_its_context():
    found = listed_needs(LLAMA)
    assert list(found) == ["memory_8k", "memory_32k", "memory_128k"]
    for context, column in CONTEXTS.items():
        assert found[column] == need_of(LLAMA, Workload(context=context)).total
    assert list(found.values()) == sorted(found.values())
    assert set(listed_needs(LlmConfig()).values()) == {None}


def test_a_model_is_in_the_smallest_class_that_holds_it():
    assert class_of(None) == ""
    assert class_of(1) == "8"
    assert LIMITS["8"] == int(8 * GIB * 0.93 * 0.9)
    assert class_of(LIMITS["8"]) == "8"
    assert class_of(LIMITS["8"] + 1) == "12"
    assert class_of(10**15) == "more"


def test_the_classes_within_a_device_are_those_it_holds_for_sure():
    assert classes_within(LIMITS["24"]) == (["8", "12", "16", "24"], False)
    assert classes_within(LIMITS["24"] - 1) == (["8", "12", "16"], True)
    assert classes_within(0) == ([], True)
    assert classes_within(10**15)[0] == [str(size) for size in CLASSES]


@pytest.mark.parametrize("name", ["t4", "l4", "l40s", "rtx-4090", "a100-80", "h100-80", "mi300x"])
def test_a_gpu_holds_the_class_of_the_size_it_is_sold_with(name):
    entry = next(one for _, _, entries in DEVICES for one in entries if one.slug == name)
    size = entry.name.rpartition(", ")[2].removesuffix(" GB")
    assert size in classes_within(usable_bytes("consumer", entry.memory_bytes))[0]
