"""What names of classes tell, as the libraries that define them build such names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_NAMED: Final = (
    (re.compile(r"^(LayoutLM|LiLT|Lilt|Bros|UDOP|Udop|MarkupLM|ErnieLayout|DocFormer)"), "layout"),
    (re.compile(r"^(TrOCR|VisionEncoderDecoder|Nougat|Donut)|OCR|Ocr(?![a-z])"), "ocr"),
)
_NAMED_FAMILIES: Final = (
    (re.compile(r"^(layoutlm|lilt|bros$|udop|markuplm)"), "layout"),
    (re.compile(r"ocr|^(nougat|donut|vision-encoder-decoder)"), "ocr"),
)
# Families that hear or speak, by the beginning of their classes; heads are looked at before.
_AUDIO: Final = re.compile(
    r"^(Whisper|Wav2Vec2|WavLM|Wavlm|Hubert|UniSpeech|Data2VecAudio|SEW|MCTCT|Speech|Moonshine"
    r"|SeamlessM4T|Parakeet|Canary|Granite_?Speech|Kyutai|Moshi|Vits|MMS|Bark|Musicgen|Encodec"
    r"|EnCodec|Dac|DAC|Mimi|Snac|SNAC|XCodec|Xcodec|FastSpeech|Parler|Dia|Csm|Kokoro|StyleTTS"
    r"|Tacotron|Pop2Piano|Clap|CLAP|AST|Audio|Clvp|UnivNet|Pyannote|Silero|Demucs|Higgs_?Audio"
    r"|HiggsAudio)(?![a-z])"
    r"|^(Speech|Seamless|Fastspeech|FastSpeech|Musicgen|Granite_?Speech|Audio)"
    r"|For(CTC|SpeechSeq2Seq|SpeechTo|TextToSpeech|TextToWaveform|TextToSpectrogram|RNNT|TDT)"
    r"|TTS|ASR|Asr(?![a-z])|Voice(?![a-z])"
)
_HEADS: Final = (
    (
        re.compile(
            r"For(ObjectDetection|\w*Segmentation|DepthEstimation|Keypoint\w*|PoseEstimation"
            r"|MaskGeneration|MaskedImageModeling|Prediction|TimeSeries\w*|Regression|OpticalFlow)$"
            r"|^(Sam|SAM)\w*Model$"
        ),
        "other",
    ),
    (
        re.compile(
            r"For(Sequence|Token|Image|Audio|Video|AudioFrame|Multimodal)Classification"
            r"|For(ImageClassificationWithTeacher|QuestionAnswering|MultipleChoice)"
            r"|ForNextSentencePrediction$|For(XVector|SequenceScoring)$|RewardModel$|ForReward"
            r"|SafetyChecker$"
        ),
        "classifier",
    ),
    (re.compile(r"ForRetrieval$"), "embedding"),
)
_ENCODERS: Final = re.compile(
    r"(Bert|BERT|Roberta|Electra|MPNet|XLNet|Deberta|Nystromformer|Funnel|Text|Vision|Encoder"
    r"|CLIP|Siglip|SigLIP|ViT|Vit|Dino|Beit|BEiT|Deit|DeiT|Swin|ResNet|ConvNext|Nomic|Embed)"
    r"\w*(Model|ModelWithProjection|Encoder)$"
)
AUDIO_PIPELINE: Final = re.compile("Audio|Music|Dance|AceStep|Spectrogram|Speech")
VIDEO_PIPELINE: Final = re.compile(
    r"^(?!\w*(TextToImage|T2I|I2I|Image(Edit\w*)?)Pipeline)"
    r".*?(Video|ToWorld|3DModel|SpatioTemporal|Motion|I2V|T2V|AnimateDiff)"
)
_WRITES: Final = re.compile(
    r"ForCausalLM|LMHeadModel$|LMHead$|For(ConditionalGeneration|Seq2SeqLM|Vision2Seq)$"
    r"|For(ImageTextToText|TextGeneration|BlockDiffusion|\w*Text2Text)$|^EncoderDecoderModel$"
    r"|MTModel$|Decoder$"
)
_FILLS: Final = re.compile(r"For(MaskedLM|PreTraining)$")
_CAPTION: Final = re.compile(r"caption", re.IGNORECASE)


def named_kind(architecture: str, family: str) -> str:
    """Return the kind of families that do one thing alone; '' for all others."""
    for pattern, kind in _NAMED:
        if pattern.search(architecture):
            return kind
    if not architecture:
        told = (kind for pattern, kind in _NAMED_FAMILIES if pattern.search(family.lower()))
        return next(told, "")
    is_head = head_kind(architecture) != ""
    return "audio" if _AUDIO.search(architecture) and not is_head else ""


def head_kind(architecture: str) -> str:
    """Return the kind of a class that ends in a head for one task; '' where it has none."""
    return next((kind for pattern, kind in _HEADS if pattern.search(architecture)), "")


def is_encoder(architecture: str) -> bool:
    """Tell whether a class is the body of an encoder, which gives vectors and writes nothing."""
    return bool(_ENCODERS.search(architecture))


def writes(architecture: str) -> bool:
    """Tell whether a class has a head that gives the next token."""
    return bool(_WRITES.search(architecture))


def fills(architecture: str) -> bool:
    """Tell whether a class has the head that its body was pretrained with."""
    return bool(_FILLS.search(architecture))


def is_captioner(repo_id: str, tags: Iterable[str]) -> bool:
    """Tell whether a picture is described rather than read."""
    return any(_CAPTION.search(text) for text in (repo_id, *tags))
