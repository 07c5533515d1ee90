"""Files of ggml before GGUF: speech models of whisper.cpp, and old language models by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from catalog.inspectors.base import JsonObject, Problems, Reader
from catalog.inspectors.headers.ranges import Budget, Cursor, read_named
from core.errors import InvalidInputError

HEAD: Final = 48  # a magic number and eleven of the shape
# Magic numbers as they stand in a file, lowest byte first.
WHISPER: Final = b"lmgg"
FORMS: Final = {
    b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt", b"algg": "ggla", b"nsgg": "ggsn",
}  # fmt: skip
# ggml's own numbers for how a file is quantized; those of llama.cpp differ from 11 on.
# Source: https://github.com/ggml-org/ggml (include/ggml.h, ggml_ftype)
FILE_TYPES: Final[Mapping[int, str]] = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 4: "Q4_1_F16", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1",
    10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "IQ2_XXS", 16: "IQ2_XS",
    17: "IQ3_XXS", 18: "IQ1_S", 19: "IQ4_NL", 20: "IQ3_S", 21: "IQ2_S", 22: "IQ4_XS", 23: "IQ1_M",
    24: "BF16", 25: "MXFP4",
}  # fmt: skip
# Quantized files carry the version of their quantization in thousands.
_VERSION_STEP: Final = 1000
_MELS: Final = frozenset({80, 128})
_LARGEST: Final = 1 << 20
ENGLISH: Final = 51864


@dataclass(frozen=True, slots=True)
class Whisper:
    """Shape of a speech model: mel bins and positions of its ears, width and depth of both parts.

    A vocabulary of `ENGLISH` tokens knows English alone, a larger one all languages.
    """

    file_type: str
    vocab_size: int
    audio_context: int
    audio_hidden_size: int
    audio_heads: int
    audio_layers: int
    text_context: int
    text_hidden_size: int
    text_heads: int
    text_layers: int
    mels: int


def read_whisper(reader: Reader, path: str, problems: Problems) -> Whisper | None:
    """Read the first 48 bytes of ggml-*.bin; None with a problem where they are none of whisper.

    Source of the format: whisper.cpp, `whisper_model_load`.
    """
    cursor = Cursor(reader, path, Budget(HEAD, 1))
    return read_named(path, "whisper.cpp", problems, lambda: _read(cursor.take(HEAD)))


def as_config(found: Whisper) -> JsonObject:
    """Return the same shape under the names of config.json.

    What files of Whisper do not write down is the same in all of them: sound of 16 kHz, and an
    inner width of four times the width.
    """
    wide = found.text_hidden_size
    config: JsonObject = {
        "model_type": "whisper",
        "sampling_rate": 16000,
        "num_mel_bins": found.mels,
        "vocab_size": found.vocab_size,
        "encoder_layers": found.audio_layers,
        "decoder_layers": found.text_layers,
        "encoder_attention_heads": found.audio_heads,
        "decoder_attention_heads": found.text_heads,
        "max_source_positions": found.audio_context,
        "max_target_positions": found.text_context,
    }
    if found.audio_hidden_size == wide:
        config |= {"d_model": wide, "encoder_ffn_dim": 4 * wide, "decoder_ffn_dim": 4 * wide}
    return config


def is_whisper(head: bytes) -> bool:
    """Tell speech models from the language models that begin with the same word."""
    try:
        _read(head)
    except InvalidInputError:
        return False
    return True


def _read(head: bytes) -> Whisper:
    numbers = [int.from_bytes(head[at : at + 4], "little") for at in range(4, HEAD, 4)]
    if head[:4] != WHISPER or len(head) < HEAD:
        raise InvalidInputError("it does not begin as one")
    *shape, kind = numbers
    audio_width, audio_heads, text_width, text_heads = (shape[place] for place in (2, 3, 6, 7))
    if not all(0 < number < _LARGEST for number in shape) or shape[9] not in _MELS:
        raise InvalidInputError("its shape is none of a speech model")
    if audio_width % audio_heads or text_width % text_heads:
        raise InvalidInputError("its heads do not divide its width")
    return Whisper(FILE_TYPES.get(kind % _VERSION_STEP, ""), *shape)
