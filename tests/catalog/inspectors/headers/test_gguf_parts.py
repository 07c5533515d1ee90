from __future__ import annotations

from dataclasses import replace

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.headers.gguf_parts import gguf_sets, read_gguf_set
from tests.catalog.inspectors.headers.files import brief_ids, gguf
from tests.catalog.inspectors.memory import MemoryReader


def parts(count=3, total=3):
    """The files of a split model: the first has the keys of all and no tensors of its own."""
    names = [f"q4/m-{number:05}-of-{count:05}.gguf" for number in range(1, count + 1)]
    head = {"general.architecture": "llama", "split.count": count, "split.tensors.count": total}
    files = [gguf({"split.no": n}, {f"w{n}": (0, [10])}) for n in range(1, count)]
    return dict(zip(names, [gguf(head, {"w0": (0, [5])}), *files], strict=True))


def read(files, **options):
    problems = Problems()
    return read_gguf_set(MemoryReader(files), tuple(files), problems, **options), problems.found


def test_files_are_grouped_into_models():
    files = ["b/x-00002-of-00002.gguf", "b/x-00001-of-00002.gguf", "m-Q4_K_M.gguf", "mmproj.GGUF"]
    assert gguf_sets([*files, "README.md", "x.gguf.txt"]) == [
        ("b/x-00001-of-00002.gguf", "b/x-00002-of-00002.gguf"),
        ("m-Q4_K_M.gguf",),
        ("mmproj.GGUF",),
    ]


def test_the_parts_of_a_model_are_one():
    found, problems = read(parts())
    assert problems == []
    assert (found.num_params, found.tensor_count) == (25, 3)
    assert found.keys["general.architecture"] == "llama"


def test_a_file_alone_is_itself():
    found, problems = read({"m.gguf": gguf({}, {"w": (0, [3])})})
    assert (found.num_params, problems) == (3, [])


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        (dict(list(parts().items())[:2]), "is one of 3 parts, of which 2 are there"),
        (dict(list(parts().items())[1:]), "is one of 3 parts, of which 2 are there"),
        ({"renamed.gguf": next(iter(parts().values()))}, "is one of 3 parts, of which 1 are there"),
        (parts(total=9), "its parts hold 3 tensors where it says 9"),
        (parts() | {"q4/m-00003-of-00003.gguf": gguf({}, {"w0": (0, [5])})}, "the same tensor"),
        (parts() | {"q4/m-00003-of-00003.gguf": b"GGUF"}, "no valid GGUF file"),
        (parts(9, 9), "has 9 parts: their headers are not all read"),
    ],
    ids=brief_ids(),
)
def test_parts_that_do_not_make_a_whole_are_not_counted(files, fault):
    found, problems = read(files)
    assert found.num_params is None
    assert fault in problems[0]


def test_with_leave_to_read_all_parts_all_are_read():
    found, _ = read(parts(9, 9), most_parts=9)
    assert found.num_params == 85
    assert replace(found, tensors=None).by_type == {}


def test_a_first_part_that_is_broken_is_nothing():
    found, problems = read(parts() | {"q4/m-00001-of-00003.gguf": b"x"})
    assert found is None
    assert len(problems) == 1
