from __future__ import annotations

import pytest

from catalog.inspectors.lineage import Hints, base_models
from registry.configs.base import BaseModelRef


def read(**hints):
    found = [BaseModelRef(**ref) for ref in base_models(Hints(own="acme/own", **hints))]
    return [(ref.repo_id, ref.relation) for ref in found]


@pytest.mark.parametrize(
    ("hints", "expected"),
    [
        ({"named": ("a/b",)}, [("a/b", "")]),
        ({"named": ("gpt2",)}, [("gpt2", "")]),
        ({"named": ("a/b", "c/d"), "relation": "merge"}, [("a/b", "merge"), ("c/d", "merge")]),
        ({"named": ("a/b",), "relation": "nonsense"}, [("a/b", "")]),
        ({"named": ("a/b",), "tags": ("base_model:quantized:a/b",)}, [("a/b", "quantized")]),
        ({"tags": ("base_model:a/b", "base_model:finetune:a/b")}, [("a/b", "finetune")]),
        ({"tags": ("base_model:finetune:a/b", "base_model:a/b")}, [("a/b", "finetune")]),
        ({"tags": ("base_model:strange:a/b",)}, []),
        ({"named": ("a/b", "c/d"), "tags": ("mergekit",)}, [("a/b", "merge"), ("c/d", "merge")]),
        ({"named": ("a/b",), "is_quantized": True}, [("a/b", "quantized")]),
        ({"named": ("a/b",), "is_quantized": True, "relation": "finetune"}, [("a/b", "finetune")]),
        ({"adapted": "a/b", "is_adapter": True}, [("a/b", "adapter")]),
        ({"adapted": "a/x", "named": ("a/b",), "is_adapter": True}, [("a/b", "adapter")]),
        ({"named": ("acme/own", "Acme/Own", "a/b", "A/B")}, [("A/B", "")]),
        ({"named": ("../up", "https://x/y", "a b", "/root/m", "a/b/c", "")}, []),
    ],
)
def test_bases_are_named_with_the_relation_that_somebody_says(hints, expected):
    assert read(**hints) == expected


@pytest.mark.parametrize(
    "path",
    ["/home/me/llama", "./llama", "../llama", "C:\\llama", "llama", "models/llama", "None", "",
     "outputs/checkpoint-10", "~/llama", "s3://bucket/llama", "a/b/c"],
)  # fmt: skip
def test_a_folder_of_the_one_who_trained_is_no_repository(path):
    assert read(adapted=path, is_adapter=True) == []


def test_no_more_bases_than_are_kept():
    assert len(read(named=tuple(f"a/m{n}" for n in range(999)))) == 20
