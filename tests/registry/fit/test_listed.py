"""What lists keep of a need: three columns and a class."""

from __future__ import annotations

from registry.configs.llm import LlmConfig
from registry.fit.assumptions import GIB
from registry.fit.listed import CLASSES, CONTEXTS, class_of, classes_within, listed_needs
from registry.fit.memory import Workload, need_of
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
    assert class_of(int(7.2 * GIB)) == "8"
    assert class_of(int(7.2 * GIB) + 1) == "12"
    assert class_of(10**15) == "more"


def test_the_classes_within_a_device_are_those_it_holds_for_sure():
    assert classes_within(int(21.6 * GIB)) == (["8", "12", "16", "24"], False)
    assert classes_within(int(21.6 * GIB) - 1) == (["8", "12", "16"], True)
    assert classes_within(0) == ([], True)
    assert classes_within(10**15)[0] == [str(size) for size in CLASSES]
