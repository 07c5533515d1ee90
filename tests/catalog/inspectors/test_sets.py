from __future__ import annotations

import pytest

from catalog.inspectors.sets import graphs_of, size_of_set, weight_set
from tests.catalog.inspectors.memory import listing_of


def listed(*paths):
    return listing_of(dict.fromkeys(paths, b"12345"))


@pytest.mark.parametrize(
    ("paths", "chosen"),
    [
        ("model.safetensors pytorch_model.bin tf_model.h5 training_args.bin", "model.safetensors"),
        ("pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin config.json",
         "pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin"),
        ("m-Q4_K_M.gguf", "m-Q4_K_M.gguf"),
        ("m-Q4_K_M-00001-of-00002.gguf m-Q4_K_M-00002-of-00002.gguf mmproj-F16.gguf",
         "m-Q4_K_M-00001-of-00002.gguf m-Q4_K_M-00002-of-00002.gguf"),
        ("m-Q4_K_M.gguf m-Q8_0.gguf", ""),
        ("one.safetensors two.safetensors", ""),
        ("model.safetensors onnx/model.onnx original/consolidated.00.pth", "model.safetensors"),
        ("model.safetensors 2_Dense/model.safetensors",
         "2_Dense/model.safetensors model.safetensors"),
        ("adapter_model.safetensors checkpoint-10/adapter_model.safetensors",
         "adapter_model.safetensors"),
        ("consolidated.00.pth params.json", "consolidated.00.pth"),
        ("config.json README.md", ""),
        ("model.onnx model.onnx_data config.json", "model.onnx model.onnx_data"),
        ("onnx/model.onnx onnx/model_fp16.onnx onnx/model_q4.onnx onnx/model_quantized.onnx",
         "onnx/model.onnx"),
        ("onnx/model_fp16.onnx onnx/model_fp16.onnx_data onnx/model_q4.onnx",
         "onnx/model_fp16.onnx onnx/model_fp16.onnx_data"),
        ("encoder_model.onnx decoder_model.onnx decoder_model_merged.onnx",
         "decoder_model_merged.onnx encoder_model.onnx"),
        ("encoder_model.onnx decoder_model.onnx decoder_with_past_model.onnx",
         "decoder_model.onnx decoder_with_past_model.onnx encoder_model.onnx"),
        ("one.onnx two.onnx", ""),
        ("ggml-base.bin", "ggml-base.bin"),
        ("ggml-base.bin ggml-small.bin", ""),
        ("model.keras README.md", "model.keras"),
    ],
)  # fmt: skip
def test_one_set_of_weights_is_chosen_or_none(paths, chosen):
    found = weight_set(listed(*paths.split()), is_pipeline=False)
    assert found == tuple(sorted(chosen.split()))


def test_a_pipeline_is_its_parts_without_variants_and_single_files():
    listing = listed(
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.bin",
        "vae/diffusion_pytorch_model.bin",
        "v1-5-pruned.safetensors",
        "v1-5-pruned.ckpt",
    )
    found = weight_set(listing, is_pipeline=True)
    assert found == (
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.bin",
    )
    assert size_of_set(listing, found) == 10
    assert size_of_set(listing, ()) is None


def test_files_of_values_are_no_graphs():
    assert graphs_of(["a.onnx", "a.onnx_data", "b.ONNX"]) == ["a.onnx", "b.ONNX"]


def test_among_very_many_files_no_set_is_looked_for():
    listing = listed("model.safetensors", *(f"data/{n}.json" for n in range(5000)))
    assert weight_set(listing, is_pipeline=False) == ()
