"""Paths of well-known kinds of repositories, as the Hub lists them."""

from __future__ import annotations

TEXT = ("README.md", ".gitattributes", "config.json", "tokenizer.json", "tokenizer_config.json")


def shards(stem: str, count: int, ending: str) -> tuple[str, ...]:
    return tuple(f"{stem}-{n:05d}-of-{count:05d}{ending}" for n in range(1, count + 1))


BERT = (
    *TEXT,
    *("LICENSE", "vocab.txt", "model.safetensors", "pytorch_model.bin", "tf_model.h5"),
    *("flax_model.msgpack", "rust_model.ot", "model.onnx"),
    "coreml/fill-mask/float32_model.mlpackage/Data/com.apple.CoreML/weights/weight.bin",
    "coreml/fill-mask/float32_model.mlpackage/Manifest.json",
)
SENTENCES = (
    *TEXT,
    *("1_Pooling/config.json", "config_sentence_transformers.json", "modules.json", "vocab.txt"),
    *("sentence_bert_config.json", "special_tokens_map.json", "train_script.py"),
    *("model.safetensors", "pytorch_model.bin", "rust_model.ot", "tf_model.h5"),
    *("onnx/model.onnx", "onnx/model_O1.onnx", "onnx/model_O4.onnx"),
    *("onnx/model_qint8_arm64.onnx", "onnx/model_quint8_avx2.onnx"),
    *("openvino/openvino_model.bin", "openvino/openvino_model.xml"),
    "openvino/openvino_model_qint8_quantized.bin",
)
DENSE = (
    *TEXT,
    *("modules.json", "1_Pooling/config.json", "2_Dense/config.json"),
    *("2_Dense/pytorch_model.bin", "model.safetensors", "pytorch_model.bin"),
)
LLAMA = (
    *TEXT,
    *("LICENSE", "USE_POLICY.md", "generation_config.json", "model.safetensors.index.json"),
    *shards("model", 4, ".safetensors"),
    *("original/consolidated.00.pth", "original/params.json", "original/tokenizer.model"),
)
MISTRAL = (
    *TEXT,
    *("consolidated.safetensors", "params.json", "tokenizer.model.v3"),
    *("model.safetensors.index.json", *shards("model", 3, ".safetensors")),
)
MISTRAL_ALONE = ("README.md", "params.json", "tekken.json", "consolidated.safetensors")
GPT_OSS = (
    *TEXT,
    *("LICENSE", "USAGE_POLICY", "chat_template.jinja", "model.safetensors.index.json"),
    *("metal/model.bin", "original/config.json", "original/dtypes.json"),
    *("original/model.safetensors", *shards("model", 3, ".safetensors")),
)
OLD_LLAMA = (*TEXT, "pytorch_model.bin.index.json", *shards("pytorch_model", 2, ".bin"))
CHECKPOINTS = (
    *TEXT,
    *("model.safetensors", "training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth"),
    *("trainer_state.json", "runs/Jul01/events.out.tfevents.1.host", "loss.png"),
    *("checkpoint-500/model.safetensors", "checkpoint-500/optimizer.pt"),
)
XL = (
    *("README.md", "LICENSE.md", "model_index.json", "comparison.png", "pipeline.png"),
    *("sd_xl_base_1.0.safetensors", "sd_xl_base_1.0_0.9vae.safetensors"),
    "sd_xl_offset_example-lora_1.0.safetensors",
    *("scheduler/scheduler_config.json", "tokenizer/vocab.json", "tokenizer/merges.txt"),
    *("tokenizer/tokenizer_config.json", "tokenizer_2/tokenizer_config.json"),
    *(
        f"{folder}/{name}"
        for folder, stem in {
            "text_encoder": "model",
            "text_encoder_2": "model",
            "unet": "diffusion_pytorch_model",
            "vae": "diffusion_pytorch_model",
        }.items()
        for name in ("config.json", f"{stem}.safetensors", f"{stem}.fp16.safetensors")
    ),
    *("text_encoder/flax_model.msgpack", "text_encoder/model.onnx", "unet/model.onnx"),
    *("text_encoder/openvino_model.bin", "text_encoder/openvino_model.xml", "unet/model.onnx_data"),
)
OLD_DIFFUSION = (
    *("README.md", "model_index.json", "v1-5-pruned.ckpt", "v1-5-pruned-emaonly.safetensors"),
    *("unet/config.json", "unet/diffusion_pytorch_model.bin", "vae/config.json"),
    *("unet/diffusion_pytorch_model.non_ema.bin", "vae/diffusion_pytorch_model.safetensors"),
    *("safety_checker/pytorch_model.bin", "safety_checker/model.fp16.safetensors"),
)
LORA = ("README.md", "pytorch_lora_weights.safetensors", "image_0.png")
BLOKE = (
    *("README.md", "LICENSE.txt", "Notice", "USE_POLICY.md", "config.json"),
    *(
        f"llama-2-7b.{label}.gguf"
        for label in ("Q2_K", "Q3_K_S", "Q4_0", "Q4_K_M", "Q4_K_S", "Q5_K_M", "Q6_K", "Q8_0")
    ),
)
SPLIT = (
    *("README.md", "config.json", "imatrix_unsloth.dat"),
    *shards("Q2_K/Qwen3-235B-A22B-Q2_K", 2, ".gguf"),
    *shards("Q4_K_M/Qwen3-235B-A22B-Q4_K_M", 3, ".gguf"),
    *shards("UD-Q4_K_XL/Qwen3-235B-A22B-UD-Q4_K_XL", 3, ".gguf"),
    *shards("BF16/Qwen3-235B-A22B-BF16", 10, ".gguf"),
)
OMNI = (
    "README.md",
    *(f"Qwen2.5-Omni-3B-{label}.gguf" for label in ("Q4_K_M", "Q8_0", "f16")),
    *(f"mmproj-Qwen2.5-Omni-3B-{label}.gguf" for label in ("Q8_0", "f16")),
)
UNNAMED_GGUF = ("README.md", "model.gguf")
BROWSER = (
    *TEXT,
    *(f"onnx/model{label}.onnx" for label in ("", "_fp16", "_q4", "_q4f16", "_quantized")),
    *("onnx/model_q4.onnx_data", "onnx/model.onnx_data"),
)
TOKENIZER_ALONE = ("README.md", "tokenizer.json", "vocab.json")
