"""The parts of the memory, worked out by hand."""

from __future__ import annotations

import pytest

from registry.configs import configs
from registry.configs.audio import AudioConfig
from registry.configs.classifier import ClassifierConfig
from registry.configs.embedding import EmbeddingConfig
from registry.configs.image import ImageConfig
from registry.configs.llm import LlmConfig
from registry.configs.video import VideoConfig
from registry.fit.assumptions import GIB, MIB, OTHER_SHARE, OVERHEAD, PIXEL_BYTES
from registry.fit.memory import Workload, need_of

SHAPE = {
    "weights_bytes": 16_060_522_496,
    "num_layers": 32,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "context_length": 131072,
    "cache": ({"layers": 32, "values_per_token": 2 * 8 * 128},),
}
LLAMA = LlmConfig(**SHAPE)


def llama(**changes):
    return LlmConfig(**{**SHAPE, **changes})


def test_an_eight_billion_model_at_eight_thousand_tokens():
    need = need_of(LLAMA, Workload())
    assert need.weights == 16_060_522_496
    assert need.cache == 8192 * 131072 == GIB
    assert need.working == 2048 * 2 * (4 * 4096 + 3 * 14336) + 4 * 128256
    assert need.overhead == OVERHEAD.value == 512 * MIB
    assert need.total == need.weights + need.cache + need.working + need.overhead
    assert (need.tokens, need.missing, need.notes) == (8192, (), ())


@pytest.mark.parametrize(
    ("workload", "cache"),
    [
        (Workload(context=32768), 4 * GIB),
        (Workload(batch=4), 4 * GIB),
        (Workload(cache_type="fp8"), GIB // 2),
        (Workload(cache_type="q8_0"), GIB * 34 // 64),
        (Workload(cache_type="q4_0"), GIB * 18 // 64),
        (Workload(context=200_000), 16 * GIB),
    ],
)
def test_the_cache_follows_tokens_requests_and_format(workload, cache):
    assert need_of(LLAMA, workload).cache == cache


def test_no_more_is_counted_than_the_model_reads():
    need = need_of(llama(context_length=4096), Workload())
    assert (need.tokens, need.cache) == (4096, GIB // 2)
    assert need.notes == ("It reads at most 4\u202f096 tokens, so no more are counted.",)


def test_full_windows_grow_no_more():
    mixed = (
        {"layers": 4, "values_per_token": 1024},
        {"layers": 20, "values_per_token": 1024, "window": 512},
    )
    need = need_of(llama(cache=mixed), Workload(context=8192, batch=2))
    assert need.cache == 2 * 2 * 1024 * (4 * 8192 + 20 * 512)
    assert "window" in need.notes[0]


def test_layers_with_a_state_keep_nothing_and_say_so():
    need = need_of(llama(cache=()), Workload())
    assert (need.cache, need.missing) == (0, ())
    assert "state of fixed size" in need.notes[0]


def test_what_is_read_at_once_has_an_end_and_scores_grow_with_requests():
    one, many = (need_of(LLAMA, Workload(batch=n)).working for n in (1, 16))
    assert many - one == 15 * 4 * 128256
    short = need_of(LLAMA, Workload(context=1024)).working
    assert short == 1024 * 2 * (4 * 4096 + 3 * 14336) + 4 * 128256


def test_each_token_goes_through_its_experts():
    sparse = llama(num_experts=64, num_experts_per_token=6, num_shared_experts=2)
    assert need_of(sparse, Workload()).working > 6 * need_of(LLAMA, Workload()).working // 2


@pytest.mark.parametrize(
    ("changes", "part", "words"),
    [
        ({"weights_bytes": None}, "weights", "one set of weights"),
        ({"cache": None}, "cache", "keep of each token"),
        ({"intermediate_size": None}, "working", "widths of its layers"),
        ({"vocab_size": None}, "working", "vocabulary"),
        ({"adapter": {"method": "LORA"}}, "weights", "the base model"),
    ],
)
def test_what_the_configuration_does_not_tell_is_named(changes, part, words):
    need = need_of(llama(**changes), Workload())
    assert getattr(need, part) is None
    assert need.total is None
    assert words in need.missing[0]
    assert 0 < need.known < need_of(LLAMA, Workload()).total


def test_weights_are_worked_out_of_their_number_where_no_file_tells():
    told = {"weights_bytes": None, "num_params": 1_000, "dtype": "bfloat16"}
    assert need_of(llama(**told), Workload()).weights == 2_000
    packed = {**told, "quantization": {"method": "gptq", "bits": 4}}
    assert need_of(llama(**packed), Workload()).weights is None


def test_an_embedding_model_works_on_whole_texts():
    bge = EmbeddingConfig(
        weights_bytes=1_000, max_seq_length=512, hidden_size=1024, intermediate_size=4096
    )
    need = need_of(bge, Workload(batch=32))
    assert (need.tokens, need.cache) == (512, 0)
    assert need.working == 32 * 512 * 2 * (4 * 1024 + 3 * 4096)


@pytest.mark.parametrize(
    "config",
    [
        AudioConfig(weights_bytes=4 * GIB),
        EmbeddingConfig(weights_bytes=4 * GIB),
        ClassifierConfig(
            weights_bytes=4 * GIB, reads="image", hidden_size=768, intermediate_size=3072
        ),
    ],
    ids=lambda config: config.slug,
)
def test_without_widths_a_share_of_the_weights_is_added_and_said(config):
    need = need_of(config, Workload())
    assert need.working == round(0.2 * 4 * GIB)
    assert OTHER_SHARE in need.assumptions
    small = need_of(config.model_copy(update={"weights_bytes": MIB}), Workload())
    assert small.working == 256 * MIB


def test_a_picture_needs_memory_for_its_pixels():
    sdxl = ImageConfig(weights_bytes=7 * GIB, width=1024, height=1024)
    need = need_of(sdxl, Workload(batch=2))
    assert need.working == 2 * 1024 * 1024 * PIXEL_BYTES.value
    assert need.tokens is None
    assert "resolution" in need_of(ImageConfig(weights_bytes=GIB), Workload()).missing[0]


def test_what_is_added_to_a_base_says_that_the_base_is_missing():
    lora = ImageConfig(checkpoint_type="lora", weights_bytes=MIB, width=512, height=512)
    assert "the base model" in need_of(lora, Workload()).missing[0]


def test_a_film_is_never_said_to_fit():
    assert need_of(VideoConfig(weights_bytes=GIB, width=8, height=8), Workload()).total is None


@pytest.mark.parametrize("cls", list(configs), ids=lambda cls: cls.slug)
def test_nothing_known_is_nothing_claimed_for_any_kind(cls):
    need = need_of(cls(), Workload())
    assert need.total is None
    assert need.known == OVERHEAD.value
    assert all(one.text and one.reason for one in need.assumptions)
