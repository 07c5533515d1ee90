"""Audio models: the sound they take or give, and what they do with it."""

from __future__ import annotations

import re
from typing import Final

from catalog.inspectors.base import (
    JsonObject,
    as_count,
    as_number,
    as_object,
    as_text,
    first_count,
)
from catalog.inspectors.files import Files
from catalog.inspectors.headers.ggml import ENGLISH
from catalog.inspectors.headers.vosk import read_vosk, vosk_folder
from catalog.inspectors.kinds import _pipelines
from catalog.inspectors.kinds._processors import read_processor, sample_rate
from catalog.inspectors.sampling import PATH as GENERATION
from catalog.inspectors.senses import audio_part
from catalog.inspectors.signs import architecture_of
from catalog.inspectors.subject import Facts, Subject
from catalog.inspectors.transformers_config import HIDDEN, LAYERS, VOCABULARY, language_part

MOST_LANGUAGES: Final = 200
_TASKS: Final = {
    "automatic-speech-recognition": "asr",
    "text-to-speech": "tts",
    "voice-activity-detection": "vad",
    "text-to-audio": "other",
    "audio-to-audio": "other",
    "audio-text-to-text": "other",
}
# Words in classes, tags and names of pipelines; the first that fits.
_WORDS: Final = tuple(
    (re.compile(pattern), task)
    for pattern, task in (
        (r"ForCTC|SpeechToText|SpeechSeq2Seq|ForRNNT|ForTDT|^Whisper|^Moonshine", "asr"),
        (r"TextToSpeech|TextToWaveform|TTS|^Vits|^Bark|^Parler|^Dia(?![a-z])|^Csm|^Kokoro", "tts"),
        (r"^Musicgen|Music|^AceStep|^Pop2Piano", "music"),
        (r"^(Encodec|EnCodec|Dac|DAC|Mimi|Snac|SNAC|XCodec|Xcodec)", "codec"),
        (r"SpeechToSpeech|^Clap|ForPreTraining", "other"),
    )
)
_TAGS: Final = {
    "asr": "asr",
    "speech-recognition": "asr",
    "tts": "tts",
    "music": "music",
    "music-generation": "music",
    "vad": "vad",
    "audio-codec": "codec",
    "codec": "codec",
    "source-separation": "separation",
    "speech-separation": "separation",
    "audio-source-separation": "separation",
}
_CODEBOOKS: Final = ("codebook_size", "num_quantizers", "n_codebooks", "num_codebooks")
_MELS: Final = ("num_mel_bins", "n_mels", "mel_bins", "num_mels")
_SOUNDS: Final = ("vae", "vocoder", "audio_vae")
_WHISPER: Final = "whisper"
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")


def facts(subject: Subject) -> Facts:
    """Read config.json, the processors, and for speech what generation_config.json lists."""
    config = subject.config
    processor = {
        **_of_vosk(subject),
        **_of_pipeline(subject),
        **read_processor(subject.files),
    }
    codec = as_object(config.get("audio_encoder"))  # of models that speak in its codes
    heard = audio_part(config) or {}
    part = _body(config)
    told = _languages(subject.files) or _of_vocabulary(config)
    return {
        "task": task_of(subject),
        "sample_rate": _first_rate(config, processor, codec, heard),
        "channels": _channels(processor) or _channels(config) or _channels(codec),
        "mel_bins": _mels(config, processor, heard),
        "codec": as_text(codec.get("model_type")),
        "streaming": True if _streams(subject) else None,
        "window_seconds": _window(processor),
        "num_layers": first_count(part, *LAYERS),
        "hidden_size": first_count(part, *HIDDEN),
        "vocab_size": first_count(part, *VOCABULARY),
        **({"languages": told} if told else {}),
    }


def task_of(subject: Subject) -> str:
    """Return what it does: by its class, its task, its tags, what it keeps; '' where unknown."""
    name = architecture_of(subject) or subject.class_name
    by_class = next((task for form, task in _WORDS if form.search(name)), "")
    tagged = next((_TAGS[tag.lower()] for tag in subject.tags if tag.lower() in _TAGS), "")
    said = _TASKS.get(subject.pipeline_tag, "")
    if by_class or said not in {"", "other"}:
        return by_class or said
    return tagged or said or _by_fields(subject)


def _by_fields(subject: Subject) -> str:
    config = subject.config
    if sample_rate(config) and any(config.get(name) for name in _CODEBOOKS):
        return "codec"
    told = any(name in config for name in ("alignment_heads", "suppress_ids"))  # CTranslate2
    told = told or config.get("model_type") == _WHISPER
    return "asr" if told or vosk_folder(subject.paths) is not None else ""


def _body(config: JsonObject) -> JsonObject:
    """The part that writes or decodes, where the model has several."""
    return as_object(config.get("decoder")) or language_part(config)


def _first_rate(*places: JsonObject) -> int | None:
    return next((rate for place in places if (rate := sample_rate(place))), None)


def _channels(place: JsonObject) -> int | None:
    """Feature extractors of raw sound call channels the size of a feature."""
    few = as_count(place.get("feature_size"))
    return as_count(place.get("audio_channels")) or (few if few in {1, 2} else None)


def _mels(config: JsonObject, processor: JsonObject, heard: JsonObject) -> int | None:
    told = (first_count(place, *_MELS) for place in (config, heard, processor))
    found = next((count for count in told if count), None)
    rows = as_count(processor.get("feature_size"))  # Whisper's extractor calls them so
    is_spectrum = "n_fft" in processor or "nb_max_frames" in processor
    return found or (rows if is_spectrum and rows and rows > 2 else None)  # noqa: PLR2004 no stereo


def _window(processor: JsonObject) -> float | None:
    for name in ("chunk_length", "chunk_length_s", "max_length_s"):
        if seconds := as_number(processor.get(name), 0.01, 1e6):
            return seconds
    return None


def _streams(subject: Subject) -> bool:
    return any("streaming" in tag.lower().split("-") for tag in subject.tags)


def _languages(files: Files) -> tuple[str, ...]:
    """The languages that a multilingual Whisper has a token for."""
    tokens = as_object(files.object(GENERATION).get("lang_to_id"))
    found = (match[1] for token in tokens if (match := _LANGUAGE.fullmatch(token)))
    return tuple(sorted(found))[:MOST_LANGUAGES]


def _of_vocabulary(config: JsonObject) -> tuple[str, ...]:
    """A Whisper that knows English alone has a vocabulary of one token less than the others."""
    is_whisper = config.get("model_type") == _WHISPER
    return ("en",) if is_whisper and config.get("vocab_size") == ENGLISH else ()


def _of_vosk(subject: Subject) -> JsonObject:
    """Return rate and mel bins under the names that feature extractors have for them."""
    found = read_vosk(subject.files, subject.paths)
    told = {"sampling_rate": found.sample_rate, "num_mel_bins": found.mel_bins} if found else {}
    return {name: number for name, number in told.items() if number}


def _of_pipeline(subject: Subject) -> JsonObject:
    """Of a pipeline the part that gives the sound says its rate."""
    names = (name for name in _SOUNDS if _pipelines.class_of(subject.pipeline, name))
    for name in names:
        found = subject.files.object(f"{name}/config.json")
        if sample_rate(found):
            return {key: found[key] for key in ("sampling_rate", "audio_channels") if key in found}
    return {}
