from __future__ import annotations

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.files import Files
from catalog.inspectors.inspect import inspect_version
from tests.catalog.inspectors.memory import MemoryReader, listing_of


def files_of(files, most=8):
    problems = Problems()
    reader = MemoryReader(files)
    return Files(reader, problems, most), problems.found, reader


def test_a_file_is_read_once_and_only_if_it_is_there():
    files, problems, reader = files_of({"a.json": {"x": 1}, "b.txt": "text"})
    assert files.object("a.json") == files.object("a.json") == {"x": 1}
    assert files.text("b.txt", 100) == files.text("b.txt", 100) == "text"
    assert files.object("c.json") == {}
    assert files.text("c.txt", 100) == ""
    assert files.json("c.json") is None
    assert reader.read == ["a.json", "b.txt"]
    assert problems == []


def test_no_more_than_so_many_files_are_read():
    files, problems, reader = files_of({f"{n}.json": {"n": n} for n in range(5)}, most=3)
    assert [files.object(f"{n}.json").get("n") for n in range(5)] == [0, 1, 2, None, None]
    assert len(reader.read) == 3
    assert "3.json was not read" in problems[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [("[1]", "holds no object"), ("{", "not valid JSON"), ("x" * 200, "cannot be read")],
)
def test_what_is_no_object_is_a_problem_and_empty(content, words):
    files, problems, _ = files_of({"a.json": content})
    assert files.object("a.json", 100) == {}
    assert words in problems[0]


def test_the_first_of_several_is_the_one_that_is_there():
    files, _, _ = files_of({"b": "", "c": ""})
    assert files.first("a", "b", "c") == "b"
    assert files.first("x") == ""
    assert files.is_within("b", 0)
    assert not files.is_within("a", 10)


def test_a_text_keeps_what_a_database_can_keep():
    files, _, _ = files_of({"a": b"one\x00\ntwo \xff"})
    assert files.text("a", 100) == "one\ntwo \ufffd"


TEXT = {"hidden_size": 8, "num_hidden_layers": 2, "vocab_size": 9, "num_key_value_heads": 1}
LLM = ["README.md", "config.json", "generation_config.json", "tokenizer_config.json"]
PICTURE = ["model_index.json", "unet/config.json", "vae/config.json"]
PARTS = {"_class_name": "XPipeline", "unet": ["d", "UNet2DConditionModel"], "vae": ["d", "V"],
         "scheduler": ["d", "S"], "text_encoder": ["t", "T"]}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"architectures": ["LlamaForCausalLM"], **TEXT}, [*LLM, "chat_template.jinja"]),
        (
            {"architectures": ["XForConditionalGeneration"], "text_config": TEXT,
             "vision_config": {"patch_size": 14}},
            [*LLM, "chat_template.jinja", "preprocessor_config.json", "processor_config.json"],
        ),
        ({"architectures": ["BertModel"], **TEXT}, ["README.md", "config.json", LLM[3]]),
        ({}, ["README.md", "config.json", *PICTURE]),
    ],
    ids=["llm", "vision-language", "embedding", "image"],
)  # fmt: skip
def test_of_a_repository_full_of_settings_few_are_read(config, expected):
    names = [*LLM, *PICTURE, "chat_template.jinja", "preprocessor_config.json", "vocab.json"]
    names += ["processor_config.json", "special_tokens_map.json", "tokenizer.json", "merges.txt"]
    names += ["text_encoder/config.json", "scheduler/scheduler_config.json"]
    files = {name: {"added_tokens_decoder": {}} for name in names}
    files |= {"README.md": "", "config.json": config, "model_index.json": PARTS}
    files["unet/config.json"] = {"sample_size": 64}
    if config:
        del files["model_index.json"]
    reader = MemoryReader(files)
    inspect_version(reader, listing_of(files))
    assert sorted(reader.read) == sorted(expected)
