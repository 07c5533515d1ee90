"""Embedding models, rerankers, classifiers and document models, which share the shape of a body."""

from __future__ import annotations

import pytest

from catalog.inspectors.kinds import facts_of
from registry.configs import config_class
from tests.catalog.inspectors.memory import subject_of

BERT = {
    "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "vocab_size": 30522,
    "max_position_embeddings": 512,
}  # fmt: skip
MODULES = [{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]


def known(kind, files, **listing):
    subject = subject_of(files, **listing)
    cls = config_class(kind)
    return cls(**{k: v for k, v in facts_of(kind, subject).items() if k in cls.model_fields})


def test_an_embedding_model_is_read_from_its_pipeline():
    found = known(
        "embedding",
        {
            "config.json": BERT,
            "modules.json": MODULES,
            "1_Pooling/config.json": {"word_embedding_dimension": 384, "pooling_mode": "mean"},
            "sentence_bert_config.json": {"max_seq_length": 256},
            "config_sentence_transformers.json": {"prompts": {"query": "q: "}},
        },
    )
    assert (found.dimension, found.pooling, found.normalize) == (384, ("mean",), False)
    assert (found.max_seq_length, found.num_layers) == (256, 6)
    assert found.prompts == {"query": "q: "}


def test_an_old_pipeline_keeps_its_transformer_in_a_folder():
    modules = [{"type": "sentence_transformers.models.Transformer", "path": "0_Transformer"}]
    files = {
        "modules.json": modules,
        "0_Transformer/config.json": BERT,
        "0_Transformer/sentence_bert_config.json": {"max_seq_length": 128},
    }
    found = known("embedding", files)
    assert (found.num_layers, found.dimension, found.max_seq_length) == (6, 384, 128)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(256, 256), (8192, 512), (1e30, None), (int(1e30), None), (None, None), ("512", None)],
)
def test_without_a_pipeline_the_tokenizer_says_how_long_a_text_may_be(limit, expected):
    files = {"config.json": BERT, "tokenizer_config.json": {"model_max_length": limit}}
    found = known("embedding", files)
    assert found.max_seq_length == expected
    assert found.dimension == 384
    assert found.normalize is None


def test_a_projection_gives_the_length_of_the_vectors():
    assert known("embedding", {"config.json": {**BERT, "projection_dim": 512}}).dimension == 512


def test_prompts_that_are_too_long_are_named():
    told = {"prompts": {"a": "x" * 2001, "b": "y"}}
    subject = subject_of({"modules.json": [], "config_sentence_transformers.json": told})
    assert facts_of("embedding", subject)["prompts"] == {"b": "y"}
    assert "prompts" in subject.problems.found[0]


@pytest.mark.parametrize(
    ("config", "labels", "activation"),
    [
        ({"id2label": {"0": "LABEL_0"}}, 1, ""),
        ({"num_labels": 1}, 1, ""),
        ({"sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Sigmoid"}},
         None, "sigmoid"),
        ({"sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"},
         None, "identity"),
        ({"sentence_transformers": 7, "id2label": 7}, None, ""),
    ],
)  # fmt: skip
def test_a_reranker_says_how_many_scores_and_what_becomes_of_them(config, labels, activation):
    found = known("reranker", {"config.json": {**BERT, **config}})
    assert (found.num_labels, found.activation) == (labels, activation)
    assert found.hidden_size == 384


@pytest.mark.parametrize(
    ("config", "labels", "number"),
    [
        ({"id2label": {"10": "c", "2": "b", "0": "a"}}, ("a", "b", "c"), 3),
        ({"label2id": {"no": 1, "yes": 0}}, ("yes", "no"), 2),
        ({"id2label": ["a", "b"]}, ("a", "b"), 2),
        ({"num_labels": 5}, (), 5),
        ({"num_classes": 2, "label_names": ["x", "y"]}, ("x", "y"), 2),
        ({"num_classes": 1000}, (), 1000),
        ({"id2label": {"a": "x", "-1": "y"}}, (), None),
        ({"id2label": 7, "num_labels": True}, (), None),
        ({}, (), None),
    ],
)
def test_labels_stand_in_the_order_of_their_numbers(config, labels, number):
    found = known("classifier", {"config.json": config})
    assert (found.labels, found.num_labels) == (labels, number)


def test_of_very_many_labels_the_first_are_kept():
    config = {"id2label": {str(n): f"label {n}" for n in reversed(range(20_000))}}
    found = known("classifier", {"config.json": config})
    assert found.num_labels == 20_000
    assert found.labels[:2] == ("label 0", "label 1")
    assert len(found.labels) == 200


@pytest.mark.parametrize(
    ("config", "listing", "reads"),
    [
        ({"architectures": ["BertForSequenceClassification"]}, {}, "text"),
        ({"architectures": ["BertForQuestionAnswering"]}, {}, "text"),
        ({"architectures": ["ViTForImageClassification"]}, {}, "image"),
        ({"architectures": ["ASTForAudioClassification"]}, {}, "audio"),
        ({"architectures": ["VideoMAEForVideoClassification"]}, {}, "video"),
        ({"architectures": ["Wav2Vec2ForSequenceClassification"], "feat_extract_norm": "group"},
         {}, "audio"),
        ({"architectures": ["StableDiffusionSafetyChecker"]}, {}, "image"),
        ({**BERT, "architectures": ["LlamaForSequenceClassification"]}, {}, "text"),
        ({"architecture": "resnet50"}, {"library_name": "timm"}, "image"),
        ({}, {"pipeline_tag": "tabular-classification"}, "table"),
        ({}, {"pipeline_tag": "zero-shot-classification"}, "text"),
        ({}, {"pipeline_tag": "zero-shot-image-classification"}, "image"),
        ({}, {}, ""),
    ],
)  # fmt: skip
def test_a_classifier_says_what_it_reads(config, listing, reads):
    assert known("classifier", {"config.json": config}, **listing).reads == reads


@pytest.mark.parametrize(
    ("config", "processor", "side"),
    [
        ({"image_size": 224}, {}, 224),
        ({"image_size": [384, 384]}, {}, 384),
        ({"vision_config": {"image_size": 336}}, {}, 336),
        ({"pretrained_cfg": {"input_size": [3, 288, 288]}}, {}, 288),
        ({}, {"size": 224}, 224),
        ({}, {"size": {"height": 384, "width": 384}}, 384),
        ({}, {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}}, 224),
        ({}, {"size": {"shortest_edge": 256}}, None),
        ({}, {"size": 224, "do_resize": False}, None),
        ({}, {"size": [1, 2, 3]}, None),
        ({}, {}, None),
    ],
)
def test_the_size_of_a_picture_is_found(config, processor, side):
    config = {"architectures": ["XForImageClassification"], **config}
    files = {"config.json": config, "preprocessor_config.json": processor}
    assert known("classifier", files).image_size == side


def test_a_classifier_of_sound_says_its_rate_and_of_text_its_length():
    files = {
        "config.json": {"architectures": ["XForAudioClassification"]},
        "preprocessor_config.json": {"sampling_rate": 16000},
    }
    assert known("classifier", files).sample_rate == 16000
    config = {**BERT, "architectures": ["XForTokenClassification"], "problem_type": "regression"}
    files = {"config.json": config, "tokenizer_config.json": {"model_max_length": 128}}
    found = known("classifier", files)
    assert (found.max_seq_length, found.problem_type) == (128, "regression")
    assert known("classifier", {"config.json": {"problem_type": "x"}}).problem_type == ""


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"visual_embed": True, "input_size": 224, "patch_size": 16}, (True, 224, 16)),
        ({"visual_embed": False, "input_size": 224}, (False, None, None)),
        ({"image_feature_pool_shape": [7, 7, 256]}, (True, 200, None)),
        ({}, (False, None, None)),
    ],
)
def test_a_document_model_looks_at_the_page_or_only_at_places(config, expected):
    files = {
        "config.json": {
            **BERT,
            "max_2d_position_embeddings": 1024,
            "id2label": {"0": "O"},
            **config,
        },
        "preprocessor_config.json": {"size": {"height": 200, "width": 200}},
    }
    found = known("layout", files)
    assert (found.uses_images, found.image_size, found.patch_size) == expected
    assert (found.max_2d_position_embeddings, found.labels) == (1024, ("O",))


def test_what_says_nothing_of_places_leaves_it_open():
    assert known("layout", {"config.json": BERT}).uses_images is None


def test_a_kind_without_facts_of_its_own_has_none():
    assert facts_of("other", subject_of({})) == {}
    assert facts_of("unheard-of", subject_of({})) == {}
