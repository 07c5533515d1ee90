from __future__ import annotations

from catalog.inspectors.counting import parameters

DETR = {"model_type": "detr", "architectures": ["DetrForObjectDetection"], "num_labels": 91}
DESCRIBED = {"model_type": "timm_backbone", "backbone": "resnet101"}


def total(config):
    counted = parameters(config)
    return None if counted is None else counted.total


def test_a_backbone_is_named_or_described():
    """Older files name it, and the count of published weights is 60.7 million."""
    named = total({**DETR, "backbone": "resnet101", "backbone_config": None})
    assert named is not None
    assert abs(named / 60.7e6 - 1) < 0.02
    assert total({**DETR, "backbone": "resnet101"}) == named
    assert total({**DETR, "backbone_config": DESCRIBED}) == named
    assert total({**DETR, "backbone": "resnet50"}) < named


def test_a_backbone_of_an_unknown_name_is_left_alone():
    assert total({**DETR, "backbone": "new_net", "backbone_config": None}) is None
    assert total({**DETR, "backbone_config": None}) is None


def test_a_class_that_is_not_listed_is_left_alone():
    assert total({**DETR, "architectures": ["DetrForPoseEstimation"]}) is None


def test_a_field_beside_a_part_that_is_only_read_is_looked_at():
    """The widths of SAM's mask decoder stand in products, so an unknown one leaves no number."""
    sam = {"model_type": "sam", "architectures": ["SamModel"]}
    decoder = {"hidden_size": 256}
    assert total({**sam, "mask_decoder_config": decoder}) == total(sam)
    assert total({**sam, "mask_decoder_config": {**decoder, "new_hidden_size": 512}}) is None
