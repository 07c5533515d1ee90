"""Image and video models, read from pipelines and from their parts."""

from __future__ import annotations

import pytest

from catalog.inspectors.kinds._bases import base_of, told_base
from catalog.inspectors.kinds._pipelines import components, shrinks
from catalog.inspectors.kinds.image import facts as image_facts
from catalog.inspectors.kinds.video import facts as video_facts
from registry.configs.image import ImageConfig
from registry.configs.video import VideoConfig
from tests.catalog.inspectors.memory import subject_of

FOUR = [320, 640, 1280, 1280]
UNET = {"_class_name": "UNet2DConditionModel", "cross_attention_dim": 768,
        "block_out_channels": FOUR, "sample_size": 64}  # fmt: skip
VAE = {"_class_name": "AutoencoderKL", "block_out_channels": [128, 256, 512, 512]}
PARTS = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.6.0",
    "scheduler": ["diffusers", "PNDMScheduler"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "feature_extractor": [None, None],
    "requires_safety_checker": False,
}


def pipeline(name, part, vae=VAE, **more):
    denoiser = "unet" if "UNet" in part.get("_class_name", "") else "transformer"
    index = {
        "_class_name": name,
        denoiser: ["diffusers", part.get("_class_name", "X")],
        "vae": ["diffusers", "AutoencoderKL"],
        "scheduler": ["diffusers", "S"],
        **more,
    }
    return {"model_index.json": index, f"{denoiser}/config.json": part, "vae/config.json": vae}


def image(files, card=None, **listing):
    return ImageConfig(**image_facts(subject_of(files, card=card, **listing)))


def video(files):
    return VideoConfig(**video_facts(subject_of(files)))


def test_a_pipeline_is_told_by_its_parts():
    files = {"model_index.json": PARTS, "unet/config.json": UNET, "vae/config.json": VAE}
    found = image(files)
    assert (found.base_model, found.checkpoint_type) == ("SD 1.5", "checkpoint")
    assert (found.width, found.height) == (512, 512)
    assert (found.vae, found.scheduler) == ("AutoencoderKL", "PNDMScheduler")
    assert [part.name for part in found.components] == ["scheduler", "unet", "vae"]
    assert found.components[0].library == "diffusers"


SDXL = {**UNET, "cross_attention_dim": 2048, "block_out_channels": [320, 640, 1280]}
REFINER = {**UNET, "cross_attention_dim": 1280, "block_out_channels": [384, 768, 1536, 1536]}
UPSCALER = {**UNET, "cross_attention_dim": 1024, "block_out_channels": [256, 512, 512, 1024]}
XL = "StableDiffusionXLPipeline"


@pytest.mark.parametrize(
    ("name", "part", "base"),
    [
        ("StableDiffusionPipeline", UNET, "SD 1.5"),
        ("StableDiffusionInpaintPipeline", {**UNET, "cross_attention_dim": 1024}, "SD 2.1"),
        (XL, SDXL, "SDXL"),
        (XL, {}, "SDXL"),
        (XL, REFINER, "SDXL Refiner"),
        ("KolorsPipeline", {**SDXL, "encoder_hid_dim": 4096}, "Kolors"),
        ("StableDiffusionUpscalePipeline", UPSCALER, ""),
        ("StableDiffusionPipeline", {}, ""),
        ("StableDiffusion3Pipeline", {"_class_name": "SD3Transformer2DModel"}, "SD 3"),
        ("X", {"_class_name": "SD3Transformer2DModel", "qk_norm": "rms_norm"}, "SD 3.5"),
        ("FluxPipeline", {"_class_name": "FluxTransformer2DModel"}, "FLUX.1"),
        ("FluxPipeline", {"_class_name": "ChromaTransformer2DModel"}, "Chroma"),
        ("Flux2KleinPipeline", {}, "FLUX.2"),
        ("FluxKontextPipeline", {}, "FLUX.1"),
        ("PixArtSigmaPipeline", {"_class_name": "PixArtTransformer2DModel"}, "PixArt Sigma"),
        ("HunyuanDiTPipeline", {"_class_name": "HunyuanDiT2DModel"}, "HunyuanDiT"),
        ("QwenImageEditPipeline", {"_class_name": "QwenImageTransformer2DModel"}, "Qwen-Image"),
        ("SanaPipeline", {"_class_name": "SanaTransformer2DModel"}, "Sana"),
        ("KandinskyV22Pipeline", {**UNET, "encoder_hid_dim": 1280}, "Kandinsky 2.2"),
        ("StableCascadePriorPipeline", {"_class_name": "StableCascadeUNet"}, "Stable Cascade"),
        ("ControlNetModel", {**UNET, "_class_name": "ControlNetModel"}, "SD 1.5"),
        ("FluxControlNetModel", {"_class_name": "FluxControlNetModel"}, "FLUX.1"),
        ("DDPMPipeline", {"_class_name": "UNet2DModel"}, ""),
        ("BrandNewPipeline", {"_class_name": "BrandNewTransformer2DModel"}, "BrandNew"),
        ("WanImageToVideoPipeline", {"_class_name": "WanTransformer3DModel"}, "Wan"),
        ("", {**SDXL, "_class_name": "UNetSpatioTemporalConditionModel"}, "SVD"),
        ("", {"_class_name": 7, "block_out_channels": "x"}, ""),
    ],
)  # fmt: skip
def test_the_family_is_told_by_classes_and_shapes(name, part, base):
    assert base_of(name, part) == base


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("stabilityai/stable-diffusion-xl-base-1.0", "SDXL"),
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", "SD 1.5"),
        ("stabilityai/stable-diffusion-2-1", "SD 2.1"),
        ("stabilityai/stable-diffusion-3.5-large", "SD 3.5"),
        ("black-forest-labs/FLUX.1-dev", "FLUX.1"),
        ("flux", "FLUX.1"),
        ("Qwen/Qwen-Image", "Qwen-Image"),
        ("acme/influx", ""),
        ("text-to-image", ""),
    ],
)
def test_an_add_on_names_its_family_by_a_repository_or_a_tag(text, base):
    assert told_base([text]) == base


@pytest.mark.parametrize(
    ("part", "vae", "size"),
    [
        (UNET, VAE, (512, 512)),
        ({**UNET, "sample_size": [64, 96]}, VAE, (768, 512)),
        ({"_class_name": "SanaTransformer2DModel", "sample_size": 32},
         {"encoder_block_out_channels": [1] * 6}, (1024, 1024)),
        ({"_class_name": "FluxTransformer2DModel"}, VAE, (1024, 1024)),
        ({"_class_name": "QwenImageTransformer2DModel"},
         {"temperal_downsample": [False, True, True]}, (1024, 1024)),
        (UNET, {}, (None, None)),
        ({**UNET, "sample_size": None}, VAE, (None, None)),
        ({**UNET, "sample_size": "64"}, VAE, (None, None)),
    ],
)  # fmt: skip
def test_the_resolution_is_latents_times_what_each_becomes(part, vae, size):
    found = image(pipeline("XPipeline", part, vae))
    assert (found.width, found.height) == size


def test_a_model_without_an_autoencoder_makes_pixels():
    part = {"_class_name": "UNet2DModel", "sample_size": 256}
    index = {"_class_name": "DDPMPipeline", "unet": ["diffusers", "UNet2DModel"]}
    found = image({"model_index.json": index, "unet/config.json": part})
    assert found.width == 256
    assert image({"config.json": part}).width is None


@pytest.mark.parametrize(
    ("vae", "factor"),
    [
        ({"scale_factor_spatial": 8}, 8),
        ({"spatial_compression_ratio": 32}, 32),
        ({"block_out_channels": [1] * 4}, 8),
        ({"block_out_channels": [1] * 99}, None),
        ({"block_out_channels": []}, None),
        ({"block_out_channels": 4}, None),
    ],
)
def test_an_autoencoder_shrinks_by_half_from_stage_to_stage(vae, factor):
    assert shrinks(vae) == factor


@pytest.mark.parametrize(
    ("files", "listing", "kind"),
    [
        ({"config.json": {"_class_name": "ControlNetModel"}}, {}, "controlnet"),
        ({"config.json": {"_class_name": "AutoencoderKL"}}, {}, "vae"),
        ({"config.json": {"_class_name": "T2IAdapter"}}, {}, "other"),
        ({"config.json": {"_class_name": "FluxTransformer2DModel"}}, {}, "checkpoint"),
        ({"model_index.json": {"_class_name": "StableDiffusionUpscalePipeline"}}, {}, "upscaler"),
        ({"pytorch_lora_weights.safetensors": b""}, {}, "lora"),
        ({"x.safetensors": b""}, {"tags": ("lora", "text-to-image")}, "lora"),
        ({"x.safetensors": b""}, {"tags": ("Textual_Inversion",)}, "embedding"),
        ({"learned_embeds.safetensors": b""}, {}, "embedding"),
        ({"adapter_config.json": {"peft_type": "LORA"}}, {}, "lora"),
        ({"model.safetensors": b""}, {}, "checkpoint"),
        ({"README.md": ""}, {}, ""),
    ],
)
def test_weights_are_a_model_or_what_is_put_into_one(files, listing, kind):
    assert image(files, **listing).checkpoint_type == kind


def test_a_card_shows_words_pictures_and_whom_they_are_for():
    card = {
        "instance_prompt": "a TOK dog",
        "tags": ["lora", "not-for-all-audiences"],
        "base_model": "black-forest-labs/FLUX.1-dev",
        "widget": [
            {"text": "x", "output": {"url": "images/a b.png"}},
            {"output": {"url": "https://example.com/b.png"}},
            {"output": {"url": "http://example.com/c.png"}},
            {"output": {"url": "../../d.png"}},
            {"output": 7},
            7,
        ],
    }
    found = image({"images/a b.png": b"", "x.safetensors": b""}, card)
    assert (found.base_model, found.trigger_words, found.nsfw) == ("FLUX.1", ("a TOK dog",), True)
    home = f"https://huggingface.co/acme/model/resolve/{'a' * 40}/images/a%20b.png"
    assert [shown.url for shown in found.previews] == [home, "https://example.com/b.png"]
    assert image({}).nsfw is None
    assert image({}, {"widget": "x", "instance_prompt": ["x"]}).previews == ()


COG = {"_class_name": "CogVideoXTransformer3DModel", "sample_frames": 49, "sample_height": 60,
       "sample_width": 90, "temporal_compression_ratio": 4}  # fmt: skip
SVD = {"_class_name": "UNetSpatioTemporalConditionModel", "num_frames": 25, "sample_size": 96}


@pytest.mark.parametrize(
    ("part", "vae", "expected"),
    [
        (COG, VAE, ("CogVideoX", 49, 720, 480)),
        ({**COG, "sample_frames": 22}, VAE, ("CogVideoX", None, 720, 480)),
        (SVD, VAE, ("SVD", 25, None, None)),
        ({"_class_name": "UNet3DConditionModel", "sample_size": 32}, VAE, ("", None, 256, 256)),
        ({"_class_name": "LTXVideoTransformer3DModel"}, VAE, ("LTX", None, None, None)),
        ({"_class_name": "UNetMotionModel", "motion_max_seq_length": 32, "sample_size": 64}, VAE,
         ("AnimateDiff", 32, 512, 512)),
        ({"_class_name": "WanTransformer3DModel", "sample_size": {}}, {},
         ("Wan", None, None, None)),
    ],
)  # fmt: skip
def test_a_film_is_as_long_and_large_as_its_parts_say(part, vae, expected):
    found = video(pipeline("TextToVideoSDPipeline", part, vae))
    assert (found.base_model or "", found.frames, found.width, found.height) == expected
    assert found.scheduler == "S"


def test_a_quantized_part_makes_a_quantized_model():
    told = {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
    part = {"_class_name": "FluxTransformer2DModel", "quantization_config": told}
    files = pipeline("FluxPipeline", part)
    assert (image(files).quantization.bits, image(files).quantization.scheme) == (4, "nf4")
    assert image(pipeline("FluxPipeline", {})).quantization is None
    assert video(files).quantization.method == "bitsandbytes"


@pytest.mark.parametrize(
    "index", [{"a": ["x"]}, {"a": [None, None]}, {"a": "x"}, {"a": [1, 2]}, {"a": [["x"], ["y"]]}]
)
def test_what_is_no_part_is_none(index):
    assert components(index) == ()


def test_parts_are_kept_in_bounds():
    assert len(components({f"p{n}": ["diffusers", "X"] for n in range(9999)})) == 50
