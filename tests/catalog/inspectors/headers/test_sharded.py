from __future__ import annotations

import json
from itertools import pairwise

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.headers.safetensors import Tensor
from catalog.inspectors.headers.sharded import read_weights
from tests.catalog.inspectors.headers.files import SparseReader, safetensors, sharded
from tests.catalog.inspectors.memory import MemoryReader
from tests.standins.repos import tiny_safetensors

INDEX = "model.safetensors.index.json"
HIDDEN, INNER, VOCABULARY = 8192, 28672, 128256
LAYER = {
    "self_attn.q_proj": [HIDDEN, HIDDEN],
    "self_attn.k_proj": [1024, HIDDEN],
    "self_attn.v_proj": [1024, HIDDEN],
    "self_attn.o_proj": [HIDDEN, HIDDEN],
    "mlp.gate_proj": [INNER, HIDDEN],
    "mlp.up_proj": [INNER, HIDDEN],
    "mlp.down_proj": [HIDDEN, INNER],
    "input_layernorm": [HIDDEN],
    "post_attention_layernorm": [HIDDEN],
}


def read(reader, **options):
    problems = Problems()
    return read_weights(reader, tuple(reader.files), problems, **options), problems.found


def seventy_billion(shards=30, dtype="BF16"):
    """The tensors of a language model of 70 billion parameters, spread over its files."""
    tensors = [("model.embed_tokens.weight", [VOCABULARY, HIDDEN])]
    for layer in range(80):
        tensors += [(f"model.layers.{layer}.{name}.weight", s) for name, s in LAYER.items()]
    tensors += [("model.norm.weight", [HIDDEN]), ("lm_head.weight", [VOCABULARY, HIDDEN])]
    ends = [len(tensors) * part // shards for part in range(shards + 1)]
    parts = [tensors[begin:end] for begin, end in pairwise(ends)]
    return [{name: (dtype, shape) for name, shape in part} for part in parts]


def test_a_model_of_thirty_shards_is_counted_exactly_from_two_headers():
    reader = sharded(seventy_billion())
    weights, problems = read(reader)
    assert weights.num_params == 70_553_706_496
    assert weights.by_dtype == {"BF16": 70_553_706_496}
    assert weights.how == "headers and sizes"
    assert len(weights.files) == 30
    assert weights.size == sum(reader.sizes.values())
    assert problems == []
    parts, size = reader.cost
    assert parts == 4
    assert size < 64_000  # nearly all of it the index


def apart():
    """The same with the last norm and the output embedding in files of their own kinds."""
    *shards, last = seventy_billion()
    head = {"lm_head.weight": last.pop("lm_head.weight")}
    return [*shards, last, head]


def test_what_is_alike_and_fits_to_the_byte_needs_no_header():
    reader = sharded(apart(), {"total_size": 2 * 70_553_706_496})
    weights, problems = read(reader)
    assert (weights.num_params, weights.how) == (70_553_706_496, "headers and sizes")
    assert weights.tensors["lm_head.weight"] == Tensor("BF16", (VOCABULARY, HIDDEN))
    assert (reader.cost[0], problems) == (2, [])


@pytest.mark.parametrize("total", [None, 2 * 70_553_706_496 + 16])
def test_without_the_total_of_an_index_a_header_shows_each_kind(total):
    reader = sharded(apart(), {"total_size": total})
    assert read(reader)[0].num_params == 70_553_706_496
    assert reader.cost[0] == 6


def test_what_is_like_nothing_seen_is_looked_at():
    shards = apart()
    shards[-1] = {"lm_head.weight": ("BF16", [VOCABULARY + 64, HIDDEN])}
    count = 70_553_706_496 + 64 * HIDDEN
    reader = sharded(shards, {"total_size": 2 * count})
    assert read(reader)[0].num_params == count
    assert reader.cost[0] == 6


def test_with_leave_to_read_all_headers_all_are_read():
    reader = sharded(seventy_billion(8))
    weights, _ = read(reader, most_headers=99)
    assert (weights.how, weights.num_params) == ("headers", 70_553_706_496)
    assert reader.cost[0] == 16


def test_shapes_that_differ_between_layers_are_no_guess():
    shards = seventy_billion()
    name = next(name for name in shards[17] if "gate_proj" in name)
    shards[17][name] = ("BF16", [INNER // 2, HIDDEN])
    weights, problems = read(sharded(shards))
    assert weights.num_params is None
    assert weights.how == ""
    assert "2 of 30 safetensors headers were read" in problems[0]


def test_shapes_that_differ_are_counted_by_the_size_where_all_have_one_dtype():
    shards = seventy_billion()
    name = next(name for name in shards[17] if "gate_proj" in name)
    shards[17][name] = ("BF16", [INNER // 2, HIDDEN])
    less = 70_553_706_496 - INNER // 2 * HIDDEN
    weights, problems = read(sharded(shards, {"total_size": less * 2}))
    assert (weights.num_params, weights.how) == (less, "size")
    assert problems == []
    wrong, problems = read(sharded(shards, {"total_size": 2 * 70_553_706_496}))
    assert wrong.num_params is None


@pytest.mark.parametrize("size", [float("nan"), -5, "140", None, True, 1e400])
def test_a_total_that_is_no_size_is_not_used(size):
    weights, _ = read(sharded(seventy_billion(), {"total_size": size}))
    assert weights.num_params == 70_553_706_496


def test_kinds_that_no_read_header_shows_are_not_counted():
    shards = [{f"part{letter}.weight": ("F32", [5])} for letter in "abcdefghij"]
    reader = sharded(shards)
    weights, problems = read(reader)
    assert weights.num_params is None
    assert "1 of 10" in problems[0]
    assert reader.cost[0] == 2


def test_many_numbered_parts_without_an_index_are_not_all_read():
    names = [f"model-{n:05}-of-00010.safetensors" for n in range(1, 11)]
    reader = MemoryReader(dict.fromkeys(names, tiny_safetensors({"w": ("F32", [5])})))
    weights, problems = read(reader)
    assert (weights.num_params, len(reader.read)) == (None, 2)
    assert "1 of 10" in problems[0]


def test_a_header_that_differs_from_its_index_is_named():
    def lie(files, _):
        index = json.loads(files[INDEX])
        index["weight_map"]["model.extra.weight"] = "model-00001-of-00030.safetensors"
        files[INDEX] = json.dumps(index).encode()

    weights, problems = read(sharded(seventy_billion(), edit=lie))
    assert weights.num_params is None
    assert problems[0].endswith("holds other tensors than the index says")


def test_shards_are_summed_once_each():
    one, two = {"a": ("BF16", [10])}, {"b": ("BF16", [20]), "c": ("F32", [1])}
    reader = sharded([one, two])
    reader.files["other.safetensors"] = tiny_safetensors(one)
    weights, problems = read(reader)
    assert weights.by_dtype == {"BF16": 30, "F32": 1}
    assert weights.main_dtype == "BF16"
    assert (weights.how, weights.num_params, problems) == ("headers", 31, [])


@pytest.mark.parametrize(
    ("index", "fault"),
    [
        ("{", "Expecting"),
        ([], "no object"),
        ({}, "no usable weight_map"),
        ({"weight_map": {}}, "no usable weight_map"),
        ({"weight_map": {"a": 7}}, "no usable weight_map"),
        ({"weight_map": {"a": ["x"]}}, "no usable weight_map"),
        ({"weight_map": {"a": "../../etc/passwd"}}, "which is not there"),
        ({"weight_map": {"a": "gone.safetensors"}}, "which is not there"),
        ({"weight_map": {str(n): str(n) for n in range(600)}}, "no usable weight_map"),
        ('{"weight_map": {"a": "x", "a": "y"}}', "'a' twice"),
    ],
)
def test_a_broken_index_is_a_problem_and_counts_nothing(index, fault):
    weights, problems = read(MemoryReader({INDEX: index}))
    assert weights is None
    assert problems[0].startswith(INDEX)
    assert fault in problems[0]


def test_numbered_parts_without_an_index_are_one_model():
    parts = [tiny_safetensors({name: ("F32", [3])}) for name in "ab"]
    names = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    weights, _ = read(MemoryReader(dict(zip(names, parts, strict=True))))
    assert weights.num_params == 6
    weights, problems = read(MemoryReader({names[0]: parts[0], "x.safetensors": parts[1]}))
    assert weights is None
    assert "without an index" in problems[0]


def test_variants_without_an_index_are_not_added_up():
    content = tiny_safetensors({"a": ("F32", [1])})
    weights, problems = read(MemoryReader({"a.safetensors": content, "b.safetensors": content}))
    assert weights is None
    assert "without an index" in problems[0]


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        ("x.safetensors adapter_model.safetensors training_args.safetensors", "x.safetensors"),
        ("adapter_model.safetensors", "adapter_model.safetensors"),
        ("model.safetensors model.fp16.safetensors", "model.safetensors"),
        ("unet/diffusion_pytorch_model.safetensors x/y.safetensors", None),
    ],
)
def test_the_file_that_is_the_model_is_taken(names, taken):
    content = tiny_safetensors({"a": ("F32", [1])})
    weights, _ = read(MemoryReader(dict.fromkeys(names.split(), content)))
    assert (weights.files if weights else None) == ((taken,) if taken else None)


def test_a_folder_has_weights_of_its_own():
    content = tiny_safetensors({"a": ("F32", [9])})
    reader = MemoryReader(
        {"unet/diffusion_pytorch_model.safetensors": content, "m.safetensors": b""}
    )
    weights, _ = read(reader, folder="unet")
    assert weights.num_params == 9


def test_one_broken_shard_counts_nothing():
    def cut(files, sizes):
        sizes["model-00002-of-00002.safetensors"] = 20

    weights, problems = read(sharded([{"a": ("F32", [1])}, {"b": ("F32", [2])}], edit=cut))
    assert weights is None
    assert "no valid safetensors file" in problems[0]


def test_packed_weights_of_no_known_kind_have_a_size_and_no_count():
    tensors = {"l.W_q": ("U8", [64, 64]), "l.meta": ("F16", [9])}
    content, size = safetensors(tensors)
    weights, problems = read(
        SparseReader({"model.safetensors": content}, {"model.safetensors": size})
    )
    assert weights.num_params is None
    assert weights.by_dtype == {"F16": 9, "U8": 4096}
    assert "packed in a way that is not known (l.W_q)" in problems[0]
