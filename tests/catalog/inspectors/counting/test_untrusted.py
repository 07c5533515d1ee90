from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.inspectors.counting import cache, parameters, text_shape

MODELS = json.loads(Path(__file__).with_name("families.json").read_text())["models"]
ODD = [
    True, None, "4096", "", -1, 0, 1.5, 1 << 63, 10**400, float("nan"), float("inf"), [], {},
    [None], [["full_attention"]], ["full_attention"] * 100_000, {"model_type": "llama"}, "M" * 9999,
]  # fmt: skip


def answers(config):
    return parameters(config), cache(config), text_shape(config)


@pytest.mark.parametrize("model", MODELS[::12], ids=lambda model: model["class"])
def test_no_value_of_any_field_breaks_a_rule(model):
    config = model["config"]
    for name in config:
        for value in ODD:
            counted, kept, _ = answers({**config, name: value})
            assert counted is None or 0 < counted.total <= 1 << 53
            assert kept is None or all(group.layers < 10_000 for group in kept)


@pytest.mark.parametrize("name", ["text_config", "thinker_config", "decoder", "vision_config"])
def test_depth_ends_in_an_answer(name):
    config: dict[str, object] = {"hidden_size": 8}
    for _ in range(10_000):
        config = {name: config}
    assert answers(config)[0] is None


def test_a_flood_of_fields_is_left_alone():
    flood = {f"field{number}": number for number in range(100_000)}
    assert answers({**MODELS[0]["config"], **flood})[0] is None
