"""Which quantizations a repository lets people choose from, and which is taken unasked."""

from __future__ import annotations

import pytest

from catalog.policy.weight_sets import quantizations


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.Q8_0.gguf": 8, "a.Q4_K_M.gguf": 4, "a.F16.gguf": 16, "README.md": 1},
         [("Q4_K_M", 4), ("Q8_0", 8), ("F16", 16)]),
        ({"a.Q8_0.gguf": 8, "a.F16.gguf": 16}, [("Q8_0", 8), ("F16", 16)]),
        ({"a.Q8_0.gguf": 8}, []),
        ({"a.Q8_0.gguf": 8, "mmproj-a-F16.gguf": 2, "imatrix.gguf": 1}, []),
        ({"Q2_K/a-Q2_K-00001-of-00002.gguf": 3, "Q2_K/a-Q2_K-00002-of-00002.gguf": 4,
          "a-Q4_K_M.gguf": 9}, [("Q4_K_M", 9), ("Q2_K", 7)]),
        ({"a-Q2_K-00001-of-00002.gguf": 3, "a-Q4_K_M.gguf": 9, "a-Q5_K_M.gguf": 10},
         [("Q4_K_M", 9), ("Q5_K_M", 10)]),
        ({"small.Q4_0.gguf": 1, "large.Q4_0.gguf": 2}, [("large.Q4_0", 2), ("small.Q4_0", 1)]),
        ({"one.gguf": 1, "two.gguf": 2}, [("one", 1), ("two", 2)]),
        ({"model.safetensors": 5}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_sets_are_named_summed_and_in_the_order_of_the_preset(files, expected):
    assert [(one.name, one.size) for one in quantizations(files.items())] == expected
