"""What is taken, and the one reason why a file is not."""

from __future__ import annotations

import pytest

from core.errors import InvalidInputError
from downloads.planning.selection import ALL, Selection, choose, unmatched
from tests.downloads.planning import listings as known


def sizes(paths, size=1000):
    return dict.fromkeys(paths, size)


def select(*, include="", exclude="", preset=""):
    return Selection.read(include=include, exclude=exclude, preset=preset)


def taken(paths, selection, **more):
    return {path for path, why in choose(sizes(paths), selection, **more).items() if not why}


def test_nothing_said_takes_everything():
    assert set(choose(sizes(known.BERT), ALL).values()) == {""}


def test_configuration_tokenizer_card_and_license_come_along():
    found = taken(known.BLOKE, select(include="*.Q4_0.gguf"))
    assert found == {
        *("README.md", "LICENSE.txt", "Notice", "USE_POLICY.md", "config.json"),
        "llama-2-7b.Q4_0.gguf",
    }


def test_what_always_comes_is_left_out_when_it_is_named():
    found = choose(sizes(known.BLOKE), select(exclude="LICENSE*\nREADME.md"))
    assert {path for path, why in found.items() if why == "pattern"} == {
        "LICENSE.txt",
        "README.md",
    }


def test_a_license_file_that_only_the_card_names_is_kept():
    paths = ("README.md", "terms/our_words", "a.gguf")
    selection = select(include="*.gguf")
    assert "terms/our_words" not in taken(paths, selection)
    assert "terms/our_words" in taken(paths, selection, keep=frozenset({"terms/our_words"}))


def test_each_part_of_a_selection_narrows():
    selection = select(preset="transformers", include="*.json\n*.safetensors", exclude="*-00004-*")
    found = choose(sizes(known.LLAMA), selection)
    assert found["model-00001-of-00004.safetensors"] == ""
    assert found["model-00004-of-00004.safetensors"] == "pattern"
    assert found["original/consolidated.00.pth"] == "preset transformers"
    assert found["original/tokenizer.model"] == "preset transformers"  # a copy of its own
    assert found[".gitattributes"] == "pattern"


def test_what_every_policy_refuses_is_left_out_with_the_reason():
    paths = {"config.json": 1, "setup.EXE": 1, "model.safetensors": 100, "big.safetensors": 999}
    refusing = {"extensions_refused": [".exe"], "max_file_bytes": 500}
    found = choose(paths, ALL, limits=[refusing, refusing])
    assert found == {
        "config.json": "",
        "setup.EXE": "policy: .exe",
        "model.safetensors": "",
        "big.safetensors": "policy: too large",
    }
    assert set(choose(paths, ALL, limits=[refusing, {}]).values()) == {""}
    assert set(choose(paths, ALL, limits=[]).values()) == {""}


def test_a_refused_format_is_left_out_where_another_holds_the_weights():
    refusing = [{"formats_refused": ["pickle"]}]
    found = choose(sizes(known.DENSE), ALL, limits=refusing)
    assert found["pytorch_model.bin"] == "policy: pickle"
    assert found["model.safetensors"] == ""


def test_a_version_is_never_hollow_because_a_policy_refuses_all_its_weights():
    refusing = [{"formats_refused": ["pickle"]}]
    assert set(choose(sizes(known.OLD_LLAMA), ALL, limits=refusing).values()) == {""}


def test_a_selection_is_kept_as_it_was_said():
    selection = select(include="*.gguf", exclude="a/", preset=" GGUF:q4_k_m ")
    assert selection.preset == "gguf:q4_k_m"
    assert Selection.from_json(selection.to_json()) == selection
    assert Selection.from_json({}) is None
    assert selection.words == "preset gguf:q4_k_m, only *.gguf, without a/*"
    assert (ALL.words, ALL.is_all) == ("all files", True)


def test_a_preset_that_cannot_be_is_refused_before_anything_is_asked():
    with pytest.raises(InvalidInputError, match="There are: safetensors, gguf"):
        select(preset="everything")


def test_patterns_that_match_nothing_are_named():
    selection = select(include="*.safetensor\n*.json", exclude="*.h5\n*.bin")
    assert unmatched(known.BERT, selection) == ("*.safetensor",)
