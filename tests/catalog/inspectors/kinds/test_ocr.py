from __future__ import annotations

import pytest

from catalog.inspectors.kinds.ocr import facts
from registry.configs.ocr import OcrConfig
from tests.catalog.inspectors.memory import subject_of

TROCR = {
    "encoder": {"model_type": "vit", "image_size": 384, "num_hidden_layers": 12,
                "hidden_size": 768},
    "decoder": {"model_type": "trocr", "decoder_layers": 12, "d_model": 1024, "vocab_size": 50265,
                "max_position_embeddings": 512},
}  # fmt: skip
DONUT = {
    "encoder": {"model_type": "donut-swin", "image_size": [2560, 1920], "depths": [2, 2, 14, 2],
                "embed_dim": 128},
    "decoder": {"model_type": "mbart", "decoder_layers": 4, "num_hidden_layers": 12,
                "d_model": 1024, "vocab_size": 57525, "max_position_embeddings": 768},
}  # fmt: skip
GOT = {
    "vision_config": {"model_type": "", "image_size": 1024, "patch_size": 16,
                      "num_hidden_layers": 12, "hidden_size": 768},
    "text_config": {"model_type": "qwen2", "num_hidden_layers": 24, "hidden_size": 1024,
                    "vocab_size": 151860, "max_position_embeddings": 32768},
}  # fmt: skip


def known(config, **files):
    return OcrConfig(**facts(subject_of({"config.json": config, **files})))


@pytest.mark.parametrize(
    ("config", "seen", "written"),
    [
        (TROCR, (384, 384, "vit", 12, 768), ("trocr", 12, 1024, 512, 50265)),
        (DONUT, (1920, 2560, "donut-swin", 20, 1024), ("mbart", 4, 1024, 768, 57525)),
        (GOT, (1024, 1024, "", 12, 768), ("qwen2", 24, 1024, 32768, 151860)),
    ],
)
def test_an_encoder_sees_and_a_decoder_writes(config, seen, written):
    found = known(config)
    assert seen == (
        found.width,
        found.height,
        found.encoder,
        found.encoder_layers,
        found.encoder_hidden_size,
    )
    assert written == (
        found.decoder,
        found.num_layers,
        found.hidden_size,
        found.context_length,
        found.vocab_size,
    )


def test_a_size_that_the_model_leaves_out_is_its_processor_s():
    config = {"encoder": {"model_type": "vit"}, "decoder": {}}
    processor = {"size": {"height": 896, "width": 672}}
    found = known(config, **{"preprocessor_config.json": processor})
    assert (found.width, found.height) == (672, 896)
    found = known(config, **{"preprocessor_config.json": {"size": [672, 896]}})
    assert (found.width, found.height) == (None, None)


@pytest.mark.parametrize(
    "config", [{}, {"encoder": 7, "decoder": []}, {"encoder": {"depths": [{}]}}]
)
def test_what_is_malformed_is_unknown(config):
    assert known(config) == OcrConfig()
