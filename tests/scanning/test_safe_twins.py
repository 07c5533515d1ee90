"""Which files nobody misses when they are held back: by names, by tensors, by what they are for."""

from __future__ import annotations

import pytest

from scanning.safe_twins import Scanned, held_back
from scanning.scanners import Verdict
from scanning.tables.table import Tensor, difference

BAD = {"x": Verdict.UNSAFE, "?": Verdict.INCOMPLETE, "!": Verdict.SUSPICIOUS}
FLOATS = {"a": Tensor((2, 3), "F32"), "b": Tensor((3,), "F32")}


def files(words: str) -> dict[str, Scanned]:
    """`x:` before a name is unsafe, `?:` incomplete, `!:` suspicious; `=N` behind it is a size."""
    found = {}
    for word in words.split():
        mark, colon, rest = word.rpartition(":")
        path, _, size = rest.partition("=")
        verdict = BAD[mark] if colon else Verdict.CLEAN
        found[path] = Scanned(path, int(size or 100), verdict, "words" if colon else "")
    return found


def held(words: str, tensors=lambda paths: None) -> set[str]:
    return set(held_back(files(words), tensors))


SHARDS = "model-00001-of-00002.safetensors model-00002-of-00002.safetensors"
ALL_PARTS = (
    "pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin pytorch_model.bin.index.json"
)
PARTS = "x:pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("x:pytorch_model.bin model.safetensors", "pytorch_model.bin"),
        ("?:pytorch_model.bin model.safetensors", "pytorch_model.bin"),
        ("!:pytorch_model.bin model.safetensors", "pytorch_model.bin"),
        ("x:adapter_model.bin adapter_model.safetensors", "adapter_model.bin"),
        ("x:pytorch_model.fp16.bin model.fp16.safetensors", "pytorch_model.fp16.bin"),
        ("x:sd-v1.ckpt sd-v1.safetensors", "sd-v1.ckpt"),
        ("x:consolidated.00.pth consolidated.safetensors", "consolidated.00.pth"),
        (
            "x:unet/diffusion_pytorch_model.bin unet/diffusion_pytorch_model.safetensors",
            "unet/diffusion_pytorch_model.bin",
        ),
        ("x:2_Dense/pytorch_model.bin 2_Dense/model.safetensors", "2_Dense/pytorch_model.bin"),
        ("?:tf_model.h5 model.safetensors", "tf_model.h5"),
        ("?:flax_model.msgpack model.safetensors", "flax_model.msgpack"),
        ("?:rust_model.ot model.safetensors", "rust_model.ot"),
        ("?:model.onnx model.safetensors", "model.onnx"),
        ("?:onnx/model_quantized.onnx model.safetensors", "onnx/model_quantized.onnx"),
        (
            "onnx/model.onnx ?:onnx/model.onnx_data model.safetensors",
            "onnx/model.onnx onnx/model.onnx_data",
        ),
        (
            "openvino/openvino_model.xml ?:openvino/openvino_model.bin model.safetensors",
            "openvino/openvino_model.xml openvino/openvino_model.bin",
        ),
        (
            "coreml/m.mlpackage/Manifest.json ?:coreml/m.mlpackage/Data/w.bin model.safetensors",
            "coreml/m.mlpackage/Manifest.json coreml/m.mlpackage/Data/w.bin",
        ),
        (
            "saved_model/saved_model.pb ?:saved_model/variables/variables.index model.safetensors",
            "saved_model/saved_model.pb saved_model/variables/variables.index",
        ),
        (
            f"{PARTS} pytorch_model.bin.index.json {SHARDS} model.safetensors.index.json",
            ALL_PARTS,
        ),
        (
            f"{PARTS} pytorch_model.bin.index.json model.safetensors=900",
            ALL_PARTS,
        ),
        ("x:training_args.bin model.safetensors", "training_args.bin"),
        ("x:optimizer.pt x:rng_state_0.pth m.gguf", "optimizer.pt rng_state_0.pth"),
        ("x:scheduler.pt x:random_states_0.pkl m.gguf", "scheduler.pt random_states_0.pkl"),
        ("x:checkpoint-5/optimizer.pt model.safetensors", "checkpoint-5/optimizer.pt"),
    ],
)  # fmt: skip
def test_what_nobody_misses_is_held_back_alone(words, expected):
    assert held(words) == set(expected.split())


@pytest.mark.parametrize(
    "words",
    [
        "x:pytorch_model.bin",
        "x:pytorch_model.bin x:model.safetensors",
        "x:pytorch_model.bin ?:model.safetensors",
        "x:pytorch_model.bin other/model.safetensors",
        "x:pytorch_model.bin adapter_model.safetensors",
        "x:adapter_model.bin model.safetensors",
        "x:pytorch_model.bin model.fp16.safetensors",
        "x:pytorch_model.fp16.bin model.safetensors",
        "x:pytorch_model.bin=1000 model.safetensors=100",
        "x:pytorch_model.bin model-00001-of-00002.safetensors model.safetensors.index.json",
        f"x:pytorch_model.bin {SHARDS}",
        "x:pytorch_model.bin model.safetensors.index.json",
        "x:pytorch_model.bin model.gguf",
        "x:checkpoint-5/pytorch_model.bin model.safetensors",
        "x:sub/rust_model.ot model.safetensors",
        "x:vae_decoder/model.onnx unet/diffusion_pytorch_model.safetensors",
        "?:onnx/model.onnx=9000 model.safetensors=100",
        "x:modeling.py model.safetensors",
        "x:config.json model.safetensors",
        "x:tokenizer.pkl model.safetensors",
        "x:training_args.bin pytorch_model.bin",
        "x:training_args.bin x:model.safetensors",
        "x:optimizer.pt optimizer.safetensors",
        "x:a/optimizer.pt b/model.safetensors",
    ],
)
def test_what_somebody_may_need_is_not(words):
    assert held(words) == set()


def test_each_file_says_why_it_is_held_back_and_what_to_take_instead():
    found = held_back(
        files(f"{PARTS} pytorch_model.bin.index.json model.safetensors=900"), lambda _: None
    )
    assert found["pytorch_model-00001-of-00002.bin"] == (
        "Unsafe: words. The same weights are in model.safetensors."
    )
    assert found["pytorch_model.bin.index.json"].startswith(
        "It goes with pytorch_model-00001-of-00002.bin, which is unsafe."
    )


def test_weights_that_carry_other_tensors_are_no_twin():
    tables = {"pytorch_model.bin": FLOATS, "model.safetensors": {"a": FLOATS["a"]}}
    pair = "x:pytorch_model.bin model.safetensors"
    assert held(pair, lambda paths: tables[paths[0]]) == set()
    tables["model.safetensors"] = FLOATS
    assert held(pair, lambda paths: tables[paths[0]]) == {"pytorch_model.bin"}


def test_all_shards_are_compared_together():
    asked = []

    def tensors(paths):
        asked.append(list(paths))
        return FLOATS

    held(f"x:pytorch_model.bin {SHARDS} model.safetensors.index.json", tensors)
    assert asked == [["pytorch_model.bin"], SHARDS.split()]


@pytest.mark.parametrize(
    ("ours", "theirs", "missing"),
    [
        ({"a": ((2,), "Float")}, {"a": ((2,), "F16")}, ""),
        ({"a": ((2,), "Float")}, {"a": ((2,), "F32"), "more": ((1,), "F32")}, ""),
        ({"a": ((2,), "Float")}, {"a": ((3,), "F32")}, "a"),
        ({"a": ((2,), "Float")}, {"b": ((2,), "F32")}, "a"),
        ({"a": ((2,), "Half"), "ids": ((5,), "Long")}, {"a": ((2,), "F16")}, ""),
        ({"n.gamma": ((2,), "Float")}, {"n.weight": ((2,), "F32")}, ""),
        ({"a": ((2,), "Float", "0:0"), "b": ((2,), "Float", "0:0")}, {"a": ((2,), "F32")}, ""),
        ({"a": ((2,), "Float", "0:0"), "b": ((2,), "Float", "1:0")}, {"a": ((2,), "F32")}, "b"),
        ({"a": ((2,), "Float", "0:0"), "b": ((2,), "Float", "0:0")}, {}, "a"),
        (
            {"b": ((2,), "Float", "0:0"), "a": ((2,), "Float", "0:0")},
            {"a": ((2,), "F32"), "b": ((9,), "F32")},
            "b",
        ),
    ],
)  # fmt: skip
def test_tables_differ_by_a_trained_tensor_that_is_nowhere(ours, theirs, missing):
    def named(rows):
        return {name: Tensor(*row) for name, row in rows.items()}

    assert difference(named(ours), named(theirs)) == missing
