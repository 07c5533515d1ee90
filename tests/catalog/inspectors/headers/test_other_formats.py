"""CTranslate2, whisper.cpp, Vosk and MLX: formats whose readers are a page each."""

from __future__ import annotations

import struct

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.counting import parameters
from catalog.inspectors.files import Files
from catalog.inspectors.headers.ctranslate2 import read_ctranslate2
from catalog.inspectors.headers.ggml import as_config, read_whisper
from catalog.inspectors.headers.mlx import is_mlx
from catalog.inspectors.headers.ranges import LOCAL
from catalog.inspectors.headers.sharded import Weights
from catalog.inspectors.headers.vosk import Vosk, read_vosk, vosk_folder
from tests.catalog.inspectors.headers.files import brief_ids
from tests.catalog.inspectors.memory import MemoryReader

FLOAT32, INT8, INT32 = 0, 1, 3


def named(text):
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def ctranslate2(*variables, version=6, spec="TransformerSpec", count=None):
    """Return model.bin with variables of (name, shape, type, bytes)."""
    parts = [struct.pack("<I", version), named(spec)]
    parts.append(struct.pack("<II", 7, len(variables) if count is None else count))
    for name, shape, kind, size in variables:
        dims = struct.pack(f"<B{len(shape)}I", len(shape), *shape)
        parts += [named(name), dims, struct.pack("<BI", kind, size), bytes(size)]
    return b"".join([*parts, struct.pack("<I", 0)])


VARIABLES = (
    ("encoder/w", [400, 1000], INT8, 400_000),
    ("encoder/w_scale", [400], FLOAT32, 1600),
    ("encoder/b", [400], FLOAT32, 1600),
    ("encoder/heads", [], INT8, 1),
)


def read(reading, content, **options):
    problems = Problems()
    reader = MemoryReader({"model.bin": content})
    return reading(reader, "model.bin", problems, **options), problems.found, reader


def test_a_ctranslate2_model_is_counted_where_all_of_it_is_at_hand():
    found, problems, reader = read(read_ctranslate2, ctranslate2(*VARIABLES), budget=LOCAL)
    assert (found.version, found.spec, found.revision) == (6, "TransformerSpec", 7)
    assert (found.variables, found.num_params) == (4, 400_400)
    assert found.by_dtype == {"float32": 800, "int8": 400_001}
    assert problems == []
    assert sum(end - start for _, start, end in reader.read) < 20_000


def test_of_a_ctranslate2_model_far_away_only_the_head_is_read():
    found, problems, reader = read(read_ctranslate2, ctranslate2(*VARIABLES))
    assert (found.spec, found.num_params, problems) == ("TransformerSpec", None, [])
    name = 2 + len("TransformerSpec") + 1
    assert reader.read[-1] == ("model.bin", 19, 4 + name + 8)


def test_words_that_pack_several_weights_are_not_counted():
    found, _, _ = read(read_ctranslate2, ctranslate2(("w", [4, 4], INT32, 64)), budget=LOCAL)
    assert (found.num_params, found.by_dtype) == (None, {"int32": 16})
    assert read(read_ctranslate2, ctranslate2(version=3), budget=LOCAL)[0].num_params is None


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "it ends at byte 0"),
        (ctranslate2(version=99), "its version is 99"),
        (ctranslate2(spec="x" * 600), "a name claims 601 bytes"),
        (ctranslate2(spec="Transformer"), "it names no specification"),
        (ctranslate2(count=(1 << 32) - 1), "it claims 4294967295 variables"),
        (ctranslate2(*VARIABLES[:1])[:-9], "it claims 400000 bytes where it has 399995"),
        (ctranslate2(("w", [4], 0, 16))[:20], "it ends at byte 20"),
        (ctranslate2(count=9)[:-4], "it ends at byte"),
    ],
    ids=brief_ids(),
)
def test_a_ctranslate2_model_that_lies_is_a_named_problem(content, fault):
    found, problems, _ = read(read_ctranslate2, content, budget=LOCAL)
    assert found is None
    assert fault in problems[0]


SPEECH = (51865, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 2008)


def whisper(numbers=SPEECH, magic=b"lmgg"):
    return magic + struct.pack("<11i", *numbers) + bytes(16)


def test_a_speech_model_is_described():
    found, problems, reader = read(read_whisper, whisper())
    assert problems == []
    assert (found.vocab_size, found.file_type) == (51865, "Q5_0")
    assert (found.audio_layers, found.text_layers, found.mels) == (4, 4, 80)
    assert (found.audio_hidden_size, found.text_heads) == (384, 6)
    assert len(reader.read) == 1


def test_a_speech_model_has_numbers_of_ggml_for_its_types():
    """llama.cpp counts on from Q2_K in another way."""
    assert read(read_whisper, whisper((*SPEECH[:10], 2013)))[0].file_type == "Q5_K"
    assert read(read_whisper, whisper((*SPEECH[:10], 2099)))[0].file_type == ""


def test_a_speech_model_has_the_shape_that_config_json_would_tell():
    config = as_config(read(read_whisper, whisper())[0])
    assert (config["d_model"], config["encoder_ffn_dim"], config["num_mel_bins"]) == (384, 1536, 80)
    assert parameters(config).total == 37_760_640  # of openai/whisper-tiny
    odd = (51865, 1500, 512, 8, 4, 448, 384, 6, 4, 80, 1)
    assert "d_model" not in as_config(read(read_whisper, whisper(odd))[0])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        whisper()[:40],
        whisper(magic=b"tjgg"),
        whisper((32000, 4096, 256, 32, 32, 128, 2, 0, 0, 0, 0)),
        whisper((*SPEECH[:2], -384, *SPEECH[3:])),
        whisper((*SPEECH[:3], 7, *SPEECH[4:])),
        whisper((*SPEECH[:9], 81, 1)),
    ],
    ids=brief_ids(),
)
def test_what_is_no_speech_model_is_a_named_problem(content):
    found, problems, _ = read(read_whisper, content)
    assert found is None
    assert "no valid whisper.cpp file" in problems[0]


CONF = "# a comment\n--sample-frequency=16000\n--num-mel-bins=40 # bins\n--use-energy=false\n"


def vosk(files):
    problems = Problems()
    return read_vosk(Files(MemoryReader(files), problems), tuple(files)), problems.found


def test_a_vosk_folder_is_known_by_its_files():
    files = {"small-en/am/final.mdl": b"", "small-en/conf/mfcc.conf": CONF,
             "small-en/graph/HCLr.fst": b"", "small-en/ivector/final.ie": b""}  # fmt: skip
    assert vosk(files) == (Vosk(16000, 40), [])
    assert vosk_folder(files) == "small-en/"


def test_a_vosk_folder_is_known_by_nothing_less():
    assert vosk({"final.mdl": b"", "mfcc.conf": CONF}) == (Vosk(16000, 40), [])
    apart = {"am/final.mdl": b"", "x/conf/mfcc.conf": CONF}
    assert vosk(apart) == (None, [])
    assert vosk_folder(apart) is None


@pytest.mark.parametrize(
    ("conf", "rate"),
    [
        ("", None),
        ("--sample-frequency=8000.0", 8000),
        ("--sample-frequency=nan", None),
        ("--sample-frequency=-5", None),
        ("--sample-frequency=" + "9" * 50, None),
        ("--sample-frequency=٣٠٠٠", None),
        (b"\xff\xfe", None),
    ],
)
def test_a_rate_that_is_not_given_is_not_guessed(conf, rate):
    found, _ = vosk({"am/final.mdl": b"", "conf/mfcc.conf": conf})
    assert found.sample_rate == rate


def test_settings_that_are_too_large_are_named():
    found, problems = vosk({"am/final.mdl": b"", "conf/mfcc.conf": "x" * 70_000})
    assert found.sample_rate is None
    assert problems[0].startswith("conf/mfcc.conf cannot be read")


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (Weights(metadata={"format": "mlx"}), True),
        (Weights(schemes=("mlx",)), True),
        (Weights(metadata={"format": "pt"}), False),
        (Weights(), False),
    ],
)
def test_mlx_is_told_by_its_mark_or_its_packing(weights, expected):
    assert is_mlx(weights) is expected
