from __future__ import annotations

import pytest

from catalog.inspectors.counting.families import Family
from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.products import added, check_fixed, need_added, products

GIVEN = {
    "widths": [32, 64],
    "steps": [[3, 2], [1]],
    "image_size": 224,
    "frame": [384, 384],
    "patch_size": 16,
    "mlp_ratio": 2.5,
    "hidden_size": 10,
    "id2label": {"0": "a", "1": "b", "2": "c"},
    "rectangle": [480, 640],
    "minus": -1,
    "style": "plain",
    "inner": {"depth": 4},
}


def fields(**facts):
    return Fields(GIVEN, "made up", Family(known=True, facts=facts))


@pytest.mark.parametrize(
    ("product", "number"),
    [
        (["widths.1", 2], 128),
        (["steps.0.1"], 2),
        (["#widths"], 2),
        (["image_size:patch_size", "image_size:patch_size"], 196),
        (["frame:patch_size"], 24),
        (["frame:2:patch_size"], 12),
        (["rectangle.1:patch_size"], 40),
        (["hidden_size*mlp_ratio"], 25),
        (["labels"], 3),
        (["inner.depth", "/2"], 2),
    ],
)
def test_a_factor_is_what_its_name_says(product, number):
    assert products(fields(also=[product]), "also") == number


@pytest.mark.parametrize(
    "factor",
    ["widths.2", "rectangle:patch_size", "minus:patch_size", "image_size:gone", "style*mlp_ratio",
     "style.0", "minus*mlp_ratio"],
)  # fmt: skip
def test_a_factor_that_is_no_number_has_no_rule(factor):
    with pytest.raises(NoRuleError):
        products(fields(also=[[factor]]), "also")


def test_a_class_adds_what_the_longest_end_of_its_name_lists():
    heads = {"Model": [], "ForDepth": [[2]], "WithTeacherForDepth": [[3]]}
    listed = fields(heads=heads)
    assert added(listed, "NewForDepth") == 2
    assert added(listed, "NewWithTeacherForDepth") == 3
    assert added(listed, "") == added(listed, "NewModel") == 0
    assert added(listed, "NewForPoses") is None
    assert added(fields(), "NewForDepth") is None
    with pytest.raises(NoRuleError):
        need_added(listed, "NewForPoses")


def test_a_field_of_another_value_than_the_products_hold_for_has_no_rule():
    check_fixed(fields(fixed={"style": "plain", "#widths": 2, "inner.depth": 4, "gone": None}))
    for name, value in (("style", "odd"), ("#widths", 4), ("inner.depth", 5), ("gone", 1)):
        with pytest.raises(NoRuleError):
            check_fixed(fields(fixed={name: value}))
