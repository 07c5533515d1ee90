from __future__ import annotations

import pytest

from catalog.inspectors.adapter import adapter_facts, base_class, base_model
from registry.configs.base import Adapter


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"peft_type": "LORA", "r": 16, "lora_alpha": 32, "target_modules": ["v", "q"]},
         ("lora", 16, 32, ("q", "v"))),
        ({"peft_type": "LORA", "use_dora": True, "r": 8}, ("dora", 8, None, ())),
        ({"peft_type": "ADALORA", "target_r": 4, "lora_alpha": 8}, ("adalora", 4, 8, ())),
        ({"peft_type": "LOHA", "r": 8, "alpha": 4.5}, ("loha", 8, 4.5, ())),
        ({"peft_type": "IA3", "target_modules": "all"}, ("ia3", None, None, ("all",))),
        ({"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 20},
         ("prompt_tuning", None, None, ())),
        ({"peft_type": "LORA", "r": "8", "lora_alpha": True, "target_modules": {}},
         ("lora", None, None, ())),
        ({"peft_type": "LORA", "lora_alpha": float("nan"), "r": -1}, ("lora", None, None, ())),
    ],
)  # fmt: skip
def test_an_adapter_is_told_by_its_method_rank_and_places(settings, expected):
    found = Adapter(**adapter_facts(settings))
    assert (found.method, found.rank, found.alpha, found.target_modules) == expected


@pytest.mark.parametrize("settings", [{}, {"peft_type": None}, {"peft_type": "x y"}, {"r": 8}])
def test_settings_without_a_method_are_no_adapter(settings):
    assert adapter_facts(settings) is None


def test_places_are_kept_in_bounds():
    found = adapter_facts({"peft_type": "LORA", "target_modules": [f"m{n}" for n in range(9999)]})
    assert len(Adapter(**found).target_modules) == 200


def test_the_base_is_a_name_or_a_class():
    assert base_model({"base_model_name_or_path": "acme/base"}) == "acme/base"
    assert base_model({"base_model_name_or_path": 7}) == ""
    assert base_class({"auto_mapping": {"base_model_class": "X"}}) == "X"
    assert base_class({"auto_mapping": None}) == ""
