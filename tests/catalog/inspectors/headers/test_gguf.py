from __future__ import annotations

import struct
from itertools import pairwise

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.headers.gguf import read_gguf
from catalog.inspectors.headers.gguf_keys import LongArray
from catalog.inspectors.headers.gguf_types import file_type_name, is_packed, quantization_name
from catalog.inspectors.headers.ranges import LOCAL, REMOTE
from catalog.inspectors.weights import GGUF
from tests.catalog.inspectors.headers.files import SparseReader, Value, array, brief_ids, gguf, text
from tests.catalog.inspectors.memory import MemoryReader

PATH = "model.gguf"
KEYS = {
    "general.architecture": "llama",
    "general.file_type": 15,
    "llama.block_count": 2,
    "llama.rope.freq_base": 500000.0,
    "llama.attention.causal": True,
    "general.languages": ["en", "de"],
    "llama.attention.head_count_kv": [8, 4],
}
TENSORS = {
    "token_embd.weight": (12, [256, 10]),
    "blk.0.ffn_up_exps.weight": (8, [64, 4, 2]),
    "output_norm.weight": (0, [256]),
    "rope_freqs.weight": (0, [64]),
}
SIZES = {"token_embd.weight": 1440, "blk.0.ffn_up_exps.weight": 544}


def placed(tensors):
    """Give each tensor its place in the data."""
    offset, found = 0, {}
    for name, (kind, shape) in tensors.items():
        found[name] = (kind, shape, offset)
        offset += SIZES.get(name, shape[0] * 4)
    return found


def read(content, budget=LOCAL):
    problems = Problems()
    reader = MemoryReader({PATH: content})
    return read_gguf(reader, PATH, problems, budget=budget), problems.found, reader


@pytest.mark.parametrize(("version", "order"), [(1, "<"), (2, "<"), (3, "<"), (3, ">"), (2, ">")])
def test_every_version_and_byte_order_reads_the_same(version, order):
    content = gguf(KEYS, placed(TENSORS), version=version, order=order, data=bytes(4000))
    found, problems, reader = read(content)
    assert problems == []
    assert (found.version, found.big_endian) == (version, order == ">")
    assert found.keys == KEYS
    assert found.num_params == 2560 + 512 + 256
    assert found.num_expert_params == 512
    assert found.weights_bytes == 1440 + 544 + 1024 + 256
    assert found.by_type == {"F32": 320, "Q4_K": 2560, "Q8_0": 512}
    assert max(end for _, _, end in reader.read) <= len(content) - 4000
    assert len(reader.read) < 16


def test_long_lists_are_counted_and_passed_over():
    tokens = [f"token {n} ä" for n in range(5000)]
    numbers = array(6, [struct.pack("<f", 0.5)] * 5000)
    keys = {"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.scores": numbers, "x.y": 7}
    found, problems, _ = read(gguf(keys, {"w": (0, [2])}))
    assert problems == []
    assert found.keys["tokenizer.ggml.tokens"] == LongArray("text", 5000)
    assert found.keys["tokenizer.ggml.scores"] == LongArray("float32", 5000)
    assert found.keys["x.y"] == 7
    assert found.vocabulary.token(4999) == "token 4999 ä"
    assert found.vocabulary.token(5000) is None
    assert found.num_params == 2


def long_vocabulary():
    tokens = [f"{n:0200}" for n in range(20_000)]
    keys = {"llama.block_count": 2, "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.eos": 1}
    return gguf(keys, {"w": (0, [2])})


def test_a_budget_that_will_not_reach_the_tensors_ends_soon():
    content = long_vocabulary()
    found, problems, reader = read(content, REMOTE)
    assert found.keys["llama.block_count"] == 2
    assert found.keys["tokenizer.ggml.tokens"] == LongArray("text", 20_000)
    assert (found.tensors, found.num_params, found.weights_bytes) == (None, None, None)
    assert found.tensor_count == 1
    assert "bytes of its header were read, not all of it" in problems[0]
    assert reader.read[-1][2] < len(content) // 20
    assert read(content)[0].num_params == 2


def test_of_a_header_of_megabytes_no_byte_is_read_twice_and_none_behind_it():
    """As large as those of language models: 280,000 merges, 724 tensors."""
    keys = {
        "tokenizer.ggml.tokens": [f"{n:x}" + "ing" for n in range(128_000)],
        "tokenizer.ggml.merges": [f"{n:x} ing" for n in range(280_000)],
        "general.file_type": 7,
    }
    tensors = {f"blk.{n}.attn_norm.weight": (0, [2], 8 * n) for n in range(724)}
    head = gguf(keys, tensors, data=b"")
    problems, reader = Problems(), MemoryReader({PATH: head + bytes(8 * 724)})
    found = read_gguf(reader, PATH, problems, budget=GGUF)
    assert (found.num_params, problems.found) == (2 * 724, [])
    reads = [(start, end) for _, start, end in reader.read]
    assert all(before[1] <= after[0] for before, after in pairwise(reads))
    assert reads[-1][1] <= len(head)
    assert len(reads) < 32


def test_a_template_of_forty_megabytes_is_named_and_not_read():
    keys = {"tokenizer.chat_template": "x" * (40 << 20), "b.c": 3}
    found, problems, reader = read(gguf(keys, {"w": (0, [2])}))
    assert found.keys["tokenizer.chat_template"] is None
    assert found.keys["b.c"] == 3
    assert "tokenizer.chat_template has 41943040 bytes and is not read" in problems[0]
    assert sum(end - start for _, start, end in reader.read) < 1 << 20


def test_a_key_given_twice_is_named_and_has_no_value():
    content = gguf({"a.b": 1, "a.c": 2}).replace(text("a.c"), text("a.b"))
    found, problems, _ = read(content)
    assert found.keys == {}
    assert problems == ["model.gguf gives 'a.b' twice"]


NESTED = Value(9, struct.pack("<IQ", 9, 1) * 10_000)
HUGE = (1 << 64) - 1


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "it ends at byte 0"),
        (b"GGUF", "it ends at byte 4"),
        (b"GGML" + bytes(40), "does not begin with GGUF"),
        (b"GGUF" + struct.pack("<IQQ", 9, 0, 0), "its version is 9"),
        (gguf(counts=(HUGE, 0)), "claims 18446744073709551615 tensors"),
        (gguf(counts=(0, HUGE)), "claims 18446744073709551615 keys"),
        (gguf({"a": "b"}, counts=(0, 9)), "claims 9 keys"),
        (gguf({"a": "b" * 99}, counts=(0, 9)), "it ends at byte"),
        (gguf({"a": Value(99, b"")}), "the key 'a' has a value of type 99"),
        (gguf({"a": NESTED}), "the key 'a' nests arrays too deeply"),
        (gguf({"a": array(8, [], claimed=HUGE)}), "the key 'a' claims 18446744073709551615 values"),
        (gguf({"a": array(0, [], claimed=1 << 63)}), "the key 'a' claims"),
        (gguf({"a": Value(8, struct.pack("<Q", HUGE))}), "it claims 18446744073709551615 bytes"),
        (gguf({"a": array(9, [bytes(12)] * 2000)}), "the key 'a' nests 2000 arrays"),
        (gguf({"k" * 70_000: 1}), "a key claims 70000 bytes"),
        (gguf(tensors={"n" * 2000: (0, [1])}), "the name of a tensor claims 2000 bytes"),
        (gguf(tensors={"w": (0, [1] * 9)}), "the tensor 'w' has 9 dimensions"),
        (gguf(tensors={"w": (0, [0])}, data=b""), "the tensor 'w' has no usable shape"),
        (gguf(tensors={"w": (0, [HUGE])}, data=b""), "the tensor 'w' has no usable shape"),
        (gguf(tensors={"w": (12, [100])}), "the tensor 'w' has no usable shape"),
        (gguf(tensors={"v": (0, [1]), "w": (0, [1])}).replace(text("v"), text("w")), "given twice"),
    ],
    ids=brief_ids(),
)  # fmt: skip
def test_a_header_that_lies_is_a_named_problem(content, fault):
    found, problems, _ = read(content)
    assert found is None
    assert problems[0].startswith("model.gguf is no valid GGUF file: ")
    assert fault in problems[0]


def test_a_header_that_ends_early_is_named_wherever_it_ends():
    content = gguf(KEYS, {"w": (0, [2])}, data=b"")
    for end in range(len(content) - 31):
        found, problems, _ = read(content[:end])
        assert found is None
        assert problems


def test_tensors_that_share_bytes_are_named_and_counted():
    found, problems, _ = read(gguf(tensors={"a": (0, [4], 0), "b": (0, [4], 8)}, data=bytes(64)))
    assert problems == ["model.gguf: the tensor 'b' lies in the place of another"]
    assert found.num_params == 8


def test_a_file_that_is_cut_is_named_and_counted():
    found, problems, _ = read(gguf(tensors={"a": (0, [400])}, data=bytes(100)))
    assert problems == ["model.gguf ends before its tensors do: 1500 bytes"]
    assert found.num_params == 400


@pytest.mark.parametrize("alignment", [0, 1 << 30, "32"])
def test_an_alignment_that_is_none_is_named(alignment):
    _, problems, _ = read(gguf({"general.alignment": alignment}, {"a": (0, [4])}))
    assert problems == ["model.gguf: its alignment is not usable"]


def test_a_type_that_is_not_known_leaves_the_size_open():
    found, _, _ = read(gguf(tensors={"a": (99, [4]), "b": (24, [4])}))
    assert (found.num_params, found.weights_bytes) == (4, None)
    assert found.by_type == {"I8": 4, "type 99": 4}


def test_a_vocabulary_alone_has_no_parameters():
    content = gguf({"general.type": "vocab", "tokenizer.ggml.tokens": ["a", "b"]}).rstrip(b"\0")
    found, problems, _ = read(content)
    assert (found.tensors, found.num_params, found.weights_bytes) == ({}, None, None)
    assert problems == []


def test_keys_that_hold_too_much_are_refused():
    keys = {f"k{n}": "x" * 65_000 for n in range(300)}
    found, problems, _ = read(gguf(keys))
    assert found is None
    assert "its keys hold too much" in problems[0]


def test_odd_names_are_shown_without_control_characters():
    _, problems, _ = read(gguf({"../a\x00\x1b[31m\u202e": Value(99, b"")}))
    assert problems[0].isprintable()


def test_a_file_without_its_data_costs_its_header_alone():
    head = gguf(KEYS, {"w": (0, [1 << 20])}, data=b"")
    reader = SparseReader({PATH: head}, {PATH: 5 << 30})
    assert read_gguf(reader, PATH, Problems()).num_params == 1 << 20
    assert reader.cost[1] <= len(head)


@pytest.mark.parametrize(
    ("file_type", "mix", "name"),
    [
        (15, {"Q4_K": 90, "Q6_K": 10, "F32": 1}, "Q4_K_M"),
        (1024 + 15, {"Q4_K": 90}, "Q4_K_M"),
        (0, {"Q4_K": 90, "F32": 5}, "Q4_K"),
        (1, {"F16": 90, "F32": 5}, ""),
        (15, {"F16": 90, "F32": 5}, "Q4_K_M"),
        (None, {"IQ2_XXS": 90, "Q8_0": 5}, "IQ2_XXS"),
        (7, {}, "Q8_0"),
        (999, {}, ""),
        (True, {}, ""),
        ("15", {}, ""),
    ],
)
def test_a_file_is_named_by_its_recipe_else_by_its_tensors(file_type, mix, name):
    assert quantization_name(file_type_name(file_type), mix) == name


def test_a_file_of_plain_numbers_is_not_packed():
    assert is_packed({"F32": 9, "Q4_K": 1})
    assert not is_packed({"F32": 9, "BF16": 1, "I32": 4})


def test_bits_of_a_weight_are_those_of_all_tensors_with_their_scales():
    found = read(gguf(KEYS, {"w": (12, [256, 256]), "n": (0, [256])}, data=bytes(37_888)))[0]
    assert found.bits_per_weight == round((36_864 + 1024) * 8 / (65_536 + 256), 2)
    assert read(gguf(KEYS))[0].bits_per_weight is None
