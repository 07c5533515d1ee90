from __future__ import annotations

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.files import Files
from tests.catalog.inspectors.memory import MemoryReader


def files_of(files, most=8):
    problems = Problems()
    reader = MemoryReader(files)
    return Files(reader, problems, most), problems.found, reader


def test_a_file_is_read_once_and_only_if_it_is_there():
    files, problems, reader = files_of({"a.json": {"x": 1}, "b.txt": "text"})
    assert files.object("a.json") == files.object("a.json") == {"x": 1}
    assert files.text("b.txt", 100) == files.text("b.txt", 100) == "text"
    assert files.object("c.json") == {}
    assert files.text("c.txt", 100) == ""
    assert files.json("c.json") is None
    assert reader.read == ["a.json", "b.txt"]
    assert problems == []


def test_no_more_than_so_many_files_are_read():
    files, problems, reader = files_of({f"{n}.json": {"n": n} for n in range(5)}, most=3)
    assert [files.object(f"{n}.json").get("n") for n in range(5)] == [0, 1, 2, None, None]
    assert len(reader.read) == 3
    assert "3.json was not read" in problems[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [("[1]", "holds no object"), ("{", "not valid JSON"), ("x" * 200, "cannot be read")],
)
def test_what_is_no_object_is_a_problem_and_empty(content, words):
    files, problems, _ = files_of({"a.json": content})
    assert files.object("a.json", 100) == {}
    assert words in problems[0]


def test_the_first_of_several_is_the_one_that_is_there():
    files, _, _ = files_of({"b": "", "c": ""})
    assert files.first("a", "b", "c") == "b"
    assert files.first("x") == ""
    assert files.is_within("b", 0)
    assert not files.is_within("a", 10)


def test_a_text_keeps_what_a_database_can_keep():
    files, _, _ = files_of({"a": b"one\x00\ntwo \xff"})
    assert files.text("a", 100) == "one\ntwo \ufffd"
