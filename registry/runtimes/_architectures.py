"""Architectures that runtimes have, by the class names of config.json; short lists, on purpose.

They hold what is widely used and long there. A name that is missing is answered with "not known".
"""

from __future__ import annotations

from typing import Final

from registry.runtimes._rules import words

# In vLLM 0.10.2.
VLLM: Final = words(
    """
    ArceeForCausalLM AriaForConditionalGeneration AyaVisionForConditionalGeneration
    BaichuanForCausalLM BailingMoeForCausalLM BambaForCausalLM BertForSequenceClassification
    BertModel Blip2ForConditionalGeneration BloomForCausalLM ChatGLMModel Cohere2ForCausalLM
    CohereForCausalLM DbrxForCausalLM DeciLMForCausalLM DeepseekForCausalLM DeepseekV2ForCausalLM
    DeepseekV3ForCausalLM DeepseekVLV2ForCausalLM Dots1ForCausalLM Ernie4_5ForCausalLM
    Ernie4_5_MoeForCausalLM Exaone4ForCausalLM ExaoneForCausalLM FalconForCausalLM
    FalconH1ForCausalLM FalconMambaForCausalLM FuyuForCausalLM GPT2LMHeadModel
    GPTBigCodeForCausalLM GPTJForCausalLM GPTNeoXForCausalLM Gemma2ForCausalLM Gemma3ForCausalLM
    Gemma3ForConditionalGeneration Gemma3nForConditionalGeneration GemmaForCausalLM
    Glm4ForCausalLM Glm4MoeForCausalLM Glm4vForConditionalGeneration GlmForCausalLM
    GptOssForCausalLM GraniteForCausalLM GraniteMoeForCausalLM GraniteMoeHybridForCausalLM
    GraniteMoeSharedForCausalLM GraniteSpeechForConditionalGeneration
    HunYuanDenseV1ForCausalLM HunYuanMoEV1ForCausalLM Idefics3ForConditionalGeneration
    InternLM2ForCausalLM InternLM3ForCausalLM InternLMForCausalLM InternVLChatModel
    JAISLMHeadModel JambaForCausalLM KimiVLForConditionalGeneration Llama4ForConditionalGeneration
    LlamaForCausalLM LlavaForConditionalGeneration LlavaNextForConditionalGeneration
    LlavaNextVideoForConditionalGeneration LlavaOnevisionForConditionalGeneration
    Mamba2ForCausalLM MambaForCausalLM MiMoForCausalLM MiniCPM3ForCausalLM MiniCPMForCausalLM
    MiniCPMV MiniMaxM1ForCausalLM MiniMaxText01ForCausalLM Mistral3ForConditionalGeneration
    MistralForCausalLM MixtralForCausalLM ModernBertForSequenceClassification ModernBertModel
    MolmoForCausalLM MptForCausalLM MPTForCausalLM NemotronForCausalLM NemotronHForCausalLM
    NomicBertModel OPTForCausalLM Olmo2ForCausalLM OlmoForCausalLM OlmoeForCausalLM
    OrionForCausalLM PaliGemmaForConditionalGeneration Phi3ForCausalLM Phi3VForCausalLM
    Phi4MMForCausalLM PhiForCausalLM PhiMoEForCausalLM PixtralForConditionalGeneration
    QWenLMHeadModel Qwen2AudioForConditionalGeneration Qwen2ForCausalLM Qwen2MoeForCausalLM
    Qwen2VLForConditionalGeneration Qwen2_5OmniModel Qwen2_5_VLForConditionalGeneration
    Qwen3ForCausalLM Qwen3MoeForCausalLM Qwen3NextForCausalLM RobertaForSequenceClassification
    RobertaModel SeedOssForCausalLM SmolLM3ForCausalLM SmolVLMForConditionalGeneration
    SolarForCausalLM StableLmForCausalLM Starcoder2ForCausalLM UltravoxModel
    VoxtralForConditionalGeneration WhisperForConditionalGeneration
    XLMRobertaForSequenceClassification XLMRobertaModel XverseForCausalLM Zamba2ForCausalLM
    """
)
# Added to its registry since (vllm/model_executor/models/registry.py).
NEWER_VLLM: Final = words(
    """
    ApertusForCausalLM DeepseekV32ForCausalLM FlexOlmoForCausalLM Glm4MoeLiteForCausalLM
    GlmMoeDsaForCausalLM Jais2ForCausalLM KimiK25ForConditionalGeneration KimiLinearForCausalLM
    Lfm2ForCausalLM Lfm2MoeForCausalLM LongcatFlashForCausalLM MiniMaxM2ForCausalLM
    MistralLarge3ForCausalLM Olmo3ForCausalLM Plamo3ForCausalLM Qwen3VLForConditionalGeneration
    Qwen3VLMoeForConditionalGeneration Qwen3_5ForCausalLM Qwen3_5ForConditionalGeneration
    Qwen3_5MoeForCausalLM Qwen3_5MoeForConditionalGeneration
    """
)
# Those with kernels of their own: huggingface.co/docs/text-generation-inference/supported_models.
TGI: Final = words(
    """
    BaichuanForCausalLM BloomForCausalLM CohereForCausalLM DbrxForCausalLM DeepseekV2ForCausalLM
    DeepseekV3ForCausalLM FalconForCausalLM GPT2LMHeadModel GPTBigCodeForCausalLM GPTJForCausalLM
    GPTNeoXForCausalLM Gemma2ForCausalLM Gemma3ForCausalLM Gemma3ForConditionalGeneration
    GemmaForCausalLM GraniteForCausalLM Idefics2ForConditionalGeneration
    Idefics3ForConditionalGeneration Llama4ForConditionalGeneration LlamaForCausalLM
    LlavaNextForConditionalGeneration MambaForCausalLM MistralForCausalLM MixtralForCausalLM
    MllamaForConditionalGeneration MptForCausalLM MPTForCausalLM OPTForCausalLM
    PaliGemmaForConditionalGeneration Phi3ForCausalLM PhiForCausalLM PhiMoEForCausalLM
    Qwen2ForCausalLM Qwen2VLForConditionalGeneration Qwen2_5_VLForConditionalGeneration
    Qwen3ForCausalLM Qwen3MoeForCausalLM Starcoder2ForCausalLM T5ForConditionalGeneration
    """
)
# What `ollama create` converts (convert/convert.go of github.com/ollama/ollama).
OLLAMA: Final = words(
    """
    BertModel CohereForCausalLM Gemma2ForCausalLM Gemma3ForCausalLM
    Gemma3ForConditionalGeneration Gemma3nForConditionalGeneration GemmaForCausalLM
    GptOssForCausalLM Llama4ForConditionalGeneration LlamaForCausalLM
    Mistral3ForConditionalGeneration MixtralForCausalLM MllamaForConditionalGeneration
    NomicBertModel Olmo3ForCausalLM Phi3ForCausalLM Qwen2ForCausalLM
    Qwen2_5_VLForConditionalGeneration Qwen3VLForConditionalGeneration
    """
)
# mlx_lm/models of github.com/ml-explore/mlx-lm.
MLX: Final = words(
    """
    ApertusForCausalLM BaichuanM1ForCausalLM BailingMoeForCausalLM BitNetForCausalLM
    Cohere2ForCausalLM CohereForCausalLM DbrxForCausalLM DeepseekForCausalLM DeepseekV2ForCausalLM
    DeepseekV3ForCausalLM Dots1ForCausalLM Ernie4_5ForCausalLM Ernie4_5_MoeForCausalLM
    Exaone4ForCausalLM ExaoneForCausalLM FalconH1ForCausalLM FalconMambaForCausalLM GPT2LMHeadModel
    GPTBigCodeForCausalLM GPTNeoXForCausalLM Gemma2ForCausalLM Gemma3ForCausalLM GemmaForCausalLM
    Glm4ForCausalLM Glm4MoeForCausalLM GlmForCausalLM GptOssForCausalLM GraniteForCausalLM
    GraniteMoeForCausalLM GraniteMoeHybridForCausalLM HeliumForCausalLM HunYuanDenseV1ForCausalLM
    HunYuanMoEV1ForCausalLM InternLM2ForCausalLM InternLM3ForCausalLM Lfm2ForCausalLM
    Lfm2MoeForCausalLM LlamaForCausalLM Mamba2ForCausalLM MambaForCausalLM MiMoForCausalLM
    MiniCPM3ForCausalLM MiniCPMForCausalLM MistralForCausalLM MixtralForCausalLM
    NemotronForCausalLM NemotronHForCausalLM Olmo2ForCausalLM Olmo3ForCausalLM OlmoForCausalLM
    OlmoeForCausalLM OpenELMForCausalLM Phi3ForCausalLM PhiForCausalLM PhiMoEForCausalLM
    Qwen2ForCausalLM Qwen2MoeForCausalLM Qwen3ForCausalLM Qwen3MoeForCausalLM
    Qwen3NextForCausalLM RecurrentGemmaForCausalLM SeedOssForCausalLM SmolLM3ForCausalLM
    StableLmForCausalLM Starcoder2ForCausalLM
    """
)
