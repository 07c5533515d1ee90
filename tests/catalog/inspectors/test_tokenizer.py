from __future__ import annotations

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.files import Files
from catalog.inspectors.tokenizer import token_text, tokenizer_facts
from registry.configs._text import LONGEST_TEMPLATE, Tokenizer
from tests.catalog.inspectors.memory import MemoryReader

ADDED = {"__type": "AddedToken", "content": "</s>", "special": True}
DECODER = {"0": {"content": "<s>"}, "1": ADDED, "7": {"content": "<pad>"}}


def read(files, config=None):
    problems = Problems()
    reader = MemoryReader(files)
    found = tokenizer_facts(Files(reader, problems), config or {}, problems)
    return found and Tokenizer(**found), problems.found, reader.read


def test_tokens_are_texts_or_objects_around_them():
    settings = {
        "bos_token": "<s>",
        "eos_token": ADDED,
        "pad_token": None,
        "added_tokens_decoder": {},
    }
    found, problems, asked = read(
        {"tokenizer_config.json": settings, "special_tokens_map.json": {}}
    )
    assert (found.bos_token, found.eos_token, found.pad_token) == ("<s>", "</s>", "")
    assert asked == ["tokenizer_config.json"]
    assert problems == []
    assert token_text({"content": 7}) == token_text(7) == ""


def test_an_old_tokenizer_keeps_its_tokens_in_a_map():
    files = {
        "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "bos_token": "old"},
        "special_tokens_map.json": {"bos_token": ADDED, "unk_token": "<unk>"},
    }
    found, _, _ = read(files)
    assert (found.kind, found.bos_token, found.unk_token) == ("LlamaTokenizer", "</s>", "<unk>")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokenizer_config.json", {"added_tokens_decoder": DECODER}),
        ("added_tokens.json", {"<s>": 0, "</s>": 1, "<pad>": 7}),
        (
            "tokenizer.json",
            {"added_tokens": [{"id": n, "content": t} for n, t in enumerate(["<s>", "</s>"])]},
        ),
    ],
)
def test_a_token_that_is_only_a_number_is_looked_up(name, content):
    config = {"bos_token_id": 0, "eos_token_id": [1, 9], "pad_token_id": None}
    found, problems, _ = read({name: content}, config)
    assert (found.bos_token, found.eos_token, found.pad_token) == ("<s>", "</s>", "")
    assert problems == []
    nested, _, _ = read({name: content}, {"text_config": {"vocab_size": 9, "bos_token_id": 0}})
    assert nested.bos_token == "<s>"


def test_a_large_vocabulary_is_not_read_for_it():
    config = {"eos_token_id": 1}
    found, problems, asked = read({"tokenizer.json": b"x" * (1 << 20) + b"x"}, config)
    assert found is None
    assert asked == []
    assert problems == []


def test_a_token_that_was_left_out_on_purpose_stays_out():
    settings = {"bos_token": None, "added_tokens_decoder": DECODER}
    found, _, _ = read({"tokenizer_config.json": settings}, {"bos_token_id": 0, "eos_token_id": 1})
    assert (found.bos_token, found.eos_token) == ("", "</s>")


NAMED = [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D"}]


@pytest.mark.parametrize(
    ("files", "template"),
    [
        ({"tokenizer_config.json": {"chat_template": "A"}}, "A"),
        ({"tokenizer_config.json": {"chat_template": NAMED}}, "D"),
        ({"tokenizer_config.json": {"chat_template": NAMED[:1]}}, "T"),
        ({"tokenizer_config.json": {"chat_template": "A"}, "chat_template.jinja": "J"}, "J"),
        ({"tokenizer_config.json": {"bos_token": "x"}, "chat_template.json":
          {"chat_template": "P"}}, "P"),
        ({"chat_template.jinja": "{{ x }}\n{# y #}\n"}, "{{ x }}\n{# y #}\n"),
        ({"tokenizer_config.json": {"bos_token": "x", "chat_template": 7}}, ""),
        ({"tokenizer_config.json": {"bos_token": "x", "chat_template": [7, {"name": 1}]}}, ""),
        ({"tokenizer_config.json": {"bos_token": "x"}, "additional_chat_templates/rag.jinja": "R"},
         ""),
    ],
)  # fmt: skip
def test_the_template_is_the_one_that_is_used_unasked(files, template):
    found, problems, _ = read(files)
    assert found.chat_template == template
    assert problems == []


@pytest.mark.parametrize(
    "files",
    [
        {"tokenizer_config.json": {"chat_template": "x" * (LONGEST_TEMPLATE + 1)}},
        {"chat_template.jinja": "x" * (LONGEST_TEMPLATE + 1)},
        {"chat_template.jinja": b"x" * (40 << 20)},
        {"tokenizer_config.json": {"chat_template": "x" * (3 << 20)}},
    ],
    ids=["inside", "beside", "40 MB", "3 MB inside"],
)
def test_a_template_that_is_too_long_is_named_and_left_out(files):
    found, problems, _ = read(files)
    assert found is None
    assert len(problems) == 1
    assert "left out" in problems[0] or "cannot be read" in problems[0]


def test_a_kind_is_told_by_files_where_no_settings_are():
    assert read({"tekken.json": {}})[0].kind == "tekken"
    assert read({"tokenizer.model": b""})[0].kind == "sentencepiece"
    assert read({})[0] is None


def test_tokens_that_no_text_can_be_are_left_out():
    settings = {
        "bos_token": "\ud800a\x00b",
        "eos_token": "x" * 9999,
        "added_tokens_decoder": {"-1": 7},
    }
    found, _, _ = read({"tokenizer_config.json": settings}, {"pad_token_id": 7})
    assert found.bos_token == "a b"
    assert len(found.eos_token) == 200
    assert found.pad_token == ""
