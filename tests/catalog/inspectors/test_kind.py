from __future__ import annotations

import pytest

from catalog.inspectors.kind import Signs, decide_kind

LLAVA = {"architecture": "LlavaForConditionalGeneration", "sees": True}
SCORED = "XLMRobertaForSequenceClassification"


@pytest.mark.parametrize(
    ("signs", "kind"),
    [
        ({"pipeline_tag": "text-generation"}, "llm"),
        ({"pipeline_tag": "text-generation", "sees": True}, "vision-language"),
        ({"pipeline_tag": "image-text-to-text"}, "vision-language"),
        ({"pipeline_tag": "sentence-similarity"}, "embedding"),
        ({"pipeline_tag": "text-ranking"}, "reranker"),
        ({"pipeline_tag": "text-classification"}, "classifier"),
        ({"pipeline_tag": "automatic-speech-recognition"}, "audio"),
        ({"pipeline_tag": "automatic-speech-recognition", "sees": True}, "vision-language"),
        ({"pipeline_tag": "text-to-image"}, "image"),
        ({"pipeline_tag": "text-to-video"}, "video"),
        ({"pipeline_tag": "object-detection"}, "other"),
        ({"tags": ("gguf",)}, "llm"),
        ({"tags": ("sentence-similarity",)}, "embedding"),
        ({"task_type": "classifier"}, "classifier"),
        ({"library": "nemo"}, "audio"),
        ({"files": "audio", "tags": ("gguf",)}, "audio"),
        ({}, "other"),
    ],
)
def test_what_the_author_says_decides_where_nothing_else_does(signs, kind):
    assert decide_kind(Signs(**signs)) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("LlamaForCausalLM", "llm"),
        ("GPT2LMHeadModel", "llm"),
        ("T5ForConditionalGeneration", "llm"),
        ("MarianMTModel", "llm"),
        ("EncoderDecoderModel", "llm"),
        ("LayoutLMv3Model", "layout"),
        ("LayoutLMv3ForTokenClassification", "layout"),
        ("LiltForTokenClassification", "layout"),
        ("VisionEncoderDecoderModel", "ocr"),
        ("GotOcr2ForConditionalGeneration", "ocr"),
        ("DotsOCRForCausalLM", "ocr"),
        ("WhisperForConditionalGeneration", "audio"),
        ("Wav2Vec2ForCTC", "audio"),
        ("EncodecModel", "audio"),
        ("MusicgenForConditionalGeneration", "audio"),
        ("Qwen3ASRForConditionalGeneration", "audio"),
        ("Wav2Vec2ForSequenceClassification", "classifier"),
        ("ASTForAudioClassification", "classifier"),
        ("BertForSequenceClassification", "classifier"),
        ("BertForQuestionAnswering", "classifier"),
        ("InternLM2ForRewardModel", "classifier"),
        ("StableDiffusionSafetyChecker", "classifier"),
        ("ViTForImageClassification", "classifier"),
        ("DetrForObjectDetection", "other"),
        ("SegformerForSemanticSegmentation", "other"),
        ("BertModel", "embedding"),
        ("RobertaForMaskedLM", "embedding"),
        ("T5EncoderModel", "embedding"),
        ("CLIPTextModelWithProjection", "embedding"),
        ("ColQwen2ForRetrieval", "embedding"),
        ("Gemma3TextModel", "embedding"),
        ("SomethingNew", "other"),
    ],
)
def test_a_class_tells_its_kind(name, kind):
    assert decide_kind(Signs(architecture=name)) == kind


@pytest.mark.parametrize(
    ("name", "shape", "kind"),
    [
        ("MistralModel", "decoder", "llm"),
        ("T5Model", "decoder", "llm"),
        ("", "decoder", "llm"),
        ("NewModel", "encoder", "embedding"),
        ("ResNeXtModel", "image", "embedding"),
        ("", "audio", "audio"),
        ("UltravoxModel", "audio", "audio"),
        ("VoxtralForConditionalGeneration", "audio", "audio"),
        ("", "layout", "layout"),
        ("CLIPModel", "contrastive", "embedding"),
    ],
)
def test_a_body_without_a_head_is_what_its_fields_show(name, shape, kind):
    assert decide_kind(Signs(architecture=name, shape=shape)) == kind


@pytest.mark.parametrize(
    ("name", "denoiser", "kind"),
    [
        ("FluxPipeline", "FluxTransformer2DModel", "image"),
        ("StableDiffusionXLPipeline", "UNet2DConditionModel", "image"),
        ("QwenImageEditPipeline", "QwenImageTransformer2DModel", "image"),
        ("JoyImageEditPipeline", "JoyImageEditTransformer3DModel", "image"),
        ("Cosmos2TextToImagePipeline", "CosmosTransformer3DModel", "image"),
        ("WanPipeline", "WanTransformer3DModel", "video"),
        ("WanVideoPipeline", "", "video"),
        ("LTXPipeline", "LTXVideoTransformer3DModel", "video"),
        ("StableVideoDiffusionPipeline", "UNetSpatioTemporalConditionModel", "video"),
        ("AnimateDiffPipeline", "UNet2DConditionModel", "video"),
        ("StableAudioPipeline", "StableAudioDiTModel", "audio"),
        ("MusicLDMPipeline", "UNet2DConditionModel", "audio"),
        ("AutoencoderKL", "", "image"),
        ("DDPMScheduler", "", "other"),
    ],
)
def test_a_pipeline_makes_what_its_parts_make(name, denoiser, kind):
    assert decide_kind(Signs(pipeline_class=name, denoiser=denoiser)) == kind


@pytest.mark.parametrize(
    ("signs", "kind"),
    [
        ({"pipeline_tag": "token-classification", "architecture": "LiltModel"}, "layout"),
        ({"pipeline_tag": "feature-extraction", "architecture": "Wav2Vec2Model"}, "audio"),
        ({"pipeline_tag": "image-to-text", "architecture": "VisionEncoderDecoderModel"}, "ocr"),
        ({"pipeline_tag": "text-generation", "architecture": SCORED}, "classifier"),
        ({"pipeline_tag": "feature-extraction", "architecture": "Qwen2ForCausalLM"}, "embedding"),
        ({"pipeline_tag": "text-ranking", "architecture": "Qwen3ForCausalLM"}, "reranker"),
        ({"architecture": "VisionEncoderDecoderModel", "tags": ("image-captioning",)},
         "vision-language"),
        ({"pipeline_tag": "image-to-text", **LLAVA}, "vision-language"),
        ({"pipeline_tag": "sentence-similarity", **LLAVA}, "embedding"),
        ({"architecture": "Qwen2VLForConditionalGeneration", "sees": True}, "vision-language"),
        ({"architecture": "WhisperForConditionalGeneration", "sees": True}, "audio"),
        ({"architecture": "AyaVisionModel", "shape": "decoder", "sees": True}, "vision-language"),
        ({"architecture": "SomethingOmni", "sees": True}, "vision-language"),
        ({"architecture": "BertModel", "pools": True}, "embedding"),
        ({"library": "diffusers", "pipeline_class": "FluxPipeline"}, "image"),
        ({"pipeline_tag": "zero-shot-image-classification", "shape": "contrastive"}, "embedding"),
    ],
)  # fmt: skip
def test_what_cannot_be_mistaken_counts_more_than_a_tag(signs, kind):
    assert decide_kind(Signs(**signs)) == kind


@pytest.mark.parametrize(
    ("signs", "kind"),
    [
        ({"repo_id": "acme/bge-reranker", "labels": 1}, "reranker"),
        ({"repo_id": "cross-encoder/nli", "labels": 3}, "classifier"),
        ({"scores": True, "labels": 1}, "reranker"),
        ({"tags": ("reranking",)}, "reranker"),
        ({"labels": 1}, "classifier"),
    ],
)
def test_one_score_for_a_pair_needs_a_word_that_says_so(signs, kind):
    assert decide_kind(Signs(architecture=SCORED, **signs)) == kind
