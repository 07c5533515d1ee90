from __future__ import annotations

import pytest

from catalog.inspectors.kinds.audio import facts, task_of
from registry.configs.audio import AudioConfig
from tests.catalog.inspectors.memory import subject_of

WHISPER = {"feature_size": 80, "sampling_rate": 16000, "chunk_length": 30, "n_fft": 400}


def known(config, **rest):
    subject = subject_of({"config.json": config, **rest.pop("files", {})}, **rest)
    return AudioConfig(**facts(subject))


@pytest.mark.parametrize(
    ("config", "processor", "expected"),
    [
        ({"num_mel_bins": 80}, WHISPER, (16000, None, 80, 30)),
        ({}, WHISPER, (16000, None, 80, 30)),
        ({}, {"feature_size": 1, "sampling_rate": 16000}, (16000, 1, None, None)),
        ({"sampling_rate": 48000, "audio_channels": 2}, {"feature_size": 2, "chunk_length_s": 1.0},
         (48000, 2, None, 1)),
        ({"sampling_rate": 24000}, {}, (24000, None, None, None)),
        ({"audio_encoder": {"model_type": "encodec", "sampling_rate": 32000, "audio_channels": 1}},
         {}, (32000, 1, None, None)),
        ({}, {"sampling_rate": True, "feature_size": "1", "chunk_length": -1},
         (None, None, None, None)),
    ],
)  # fmt: skip
def test_the_sound_is_told(config, processor, expected):
    found = known(config, files={"preprocessor_config.json": processor})
    read = (found.sample_rate, found.channels, found.mel_bins, found.window_seconds)
    assert read == expected


@pytest.mark.parametrize(
    ("config", "listing", "task"),
    [
        ({"architectures": ["WhisperForConditionalGeneration"]}, {}, "asr"),
        ({"architectures": ["Wav2Vec2ForCTC"]}, {}, "asr"),
        ({"architectures": ["SpeechT5ForTextToSpeech"]}, {}, "tts"),
        ({"architectures": ["VitsModel"]}, {}, "tts"),
        ({"architectures": ["MusicgenForConditionalGeneration"]}, {}, "music"),
        ({"architectures": ["EncodecModel"]}, {}, "codec"),
        ({"sampling_rate": 24000, "codebook_size": 4096}, {}, "codec"),
        ({"alignment_heads": [], "suppress_ids": []}, {}, "asr"),
        ({}, {"pipeline_tag": "voice-activity-detection"}, "vad"),
        ({}, {"pipeline_tag": "text-to-speech"}, "tts"),
        ({}, {"pipeline_tag": "audio-to-audio", "tags": ("source-separation",)}, "separation"),
        ({}, {"pipeline_tag": "text-to-audio", "tags": ("music",)}, "music"),
        ({}, {"pipeline_tag": "text-to-audio"}, "other"),
        ({}, {}, ""),
    ],
)
def test_what_it_does_is_told_by_class_task_tags_or_fields(config, listing, task):
    assert task_of(subject_of({"config.json": config}, **listing)) == task
    assert known(config, **listing).task == task


@pytest.mark.parametrize("folder", ["", "vosk-model-small-en-us-0.15/"])
def test_a_folder_of_vosk_recognizes_speech(folder):
    settings = "# features\n--use-energy=false\n--sample-frequency=16000\n--num-mel-bins=40\n"
    files = {f"{folder}am/final.mdl": b"", f"{folder}conf/mfcc.conf": settings}
    subject = subject_of(files)
    found = AudioConfig(**facts(subject))
    assert (found.task, found.sample_rate, found.mel_bins) == ("asr", 16000, 40)
    files[f"{folder}conf/mfcc.conf"] = "--sample-frequency=x\n"
    assert AudioConfig(**facts(subject_of(files))).sample_rate is None


def test_whisper_lists_its_languages():
    told = {"lang_to_id": {"<|en|>": 1, "<|haw|>": 2, "<|transcribe|>": 3, "x": 4}}
    found = known({}, files={"generation_config.json": told})
    assert found.languages == ("en", "haw")
    assert known({}, files={"generation_config.json": {"lang_to_id": [7]}}).languages == ()


def test_streaming_is_known_only_where_a_tag_says_so():
    assert known({}, tags=("streaming-asr",)).streaming is True
    assert known({}).streaming is None


def test_a_pipeline_s_sound_is_that_of_the_part_that_gives_it():
    files = {
        "model_index.json": {"_class_name": "StableAudioPipeline", "vae": ["diffusers", "X"]},
        "vae/config.json": {"sampling_rate": 44100, "audio_channels": 2},
    }
    found = known({}, files=files)
    assert (found.sample_rate, found.channels) == (44100, 2)


def test_the_decoder_of_a_pair_gives_the_shape():
    decoder = {"num_hidden_layers": 24, "hidden_size": 1024, "vocab_size": 2048}
    found = known({"decoder": decoder, "text_encoder": {"hidden_size": 7}})
    assert (found.num_layers, found.hidden_size, found.vocab_size) == (24, 1024, 2048)
