from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from catalog.inspectors import kinds
from catalog.inspectors.kind import LIBRARIES, TASKS
from catalog.inspectors.quantization import METHODS
from registry.configs import configs
from registry.enums import ModelType


def test_every_kind_with_fields_of_its_own_has_its_facts():
    assert {*kinds._FACTS, "other"} == set(ModelType.values)


@pytest.mark.parametrize("kind", kinds._FACTS)
def test_the_facts_of_a_kind_are_in_its_own_file(kind):
    module = inspect.getmodule(kinds._FACTS[kind])
    assert module.__name__.rpartition(".")[2] == kind.replace("-", "_")
    assert configs.get(kind.replace("-", "_"))


def test_tasks_and_libraries_lead_to_kinds_that_there_are():
    assert {*TASKS.values(), *LIBRARIES.values()} <= set(ModelType.values)


def test_every_method_of_quantization_is_documented():
    text = Path("docs/plugins.md").read_text()
    assert [method for method in METHODS if f"`{method}`" not in text] == []
