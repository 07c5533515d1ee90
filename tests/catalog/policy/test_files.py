from __future__ import annotations

import pytest

from catalog.policy.files import File, Pair, compare_files


def lfs(path, content, size=10):
    return File(path, size, sha256=content * 64)


def git(path, content, size=10):
    return File(path, size, git_oid=content * 40)


def test_every_file_is_in_exactly_one_place():
    before = [lfs("same", "a"), lfs("changed", "b"), lfs("gone", "c"), lfs("old", "d", 7)]
    after = [lfs("same", "a"), lfs("changed", "e", 12), lfs("come", "f", 5), lfs("new", "d", 7)]
    found = compare_files(before, after)
    assert found.added == (lfs("come", "f", 5),)
    assert found.removed == (lfs("gone", "c"),)
    assert found.changed == (Pair(lfs("changed", "b"), lfs("changed", "e", 12)),)
    assert found.renamed == (Pair(lfs("old", "d", 7), lfs("new", "d", 7)),)
    assert (found.unchanged, found.size_before, found.size_after) == (1, 37, 34)
    assert found.new_bytes == 17


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (lfs("a", "1"), lfs("a", "1"), True),
        (lfs("a", "1"), lfs("a", "2"), False),
        (git("a", "1"), git("a", "1"), True),
        (git("a", "1"), git("a", "1", 11), False),
        (File("a", 10, "1" * 64, "2" * 40), git("a", "2"), True),  # one is stored, one is not
        (File("a", 10, "1" * 64, "2" * 40), git("a", "3"), False),
        (lfs("a", "1"), git("a", "1"), False),  # nothing to compare
        (File("a", 10), File("a", 10), False),
    ],
)
def test_contents_are_compared_by_what_both_publish(old, new, same):
    assert old.is_same(new) is same
    assert compare_files([old], [new]).is_empty is same


def test_twins_are_paired_once_each_in_the_order_of_their_paths():
    found = compare_files([git("b", "1"), git("a", "1")], [git("z", "1"), git("y", "1")])
    assert [(p.before.path, p.after.path) for p in found.renamed] == [("a", "y"), ("b", "z")]
    found = compare_files([git("a", "1")], [git("y", "1"), git("z", "1")])
    assert [(p.before.path, p.after.path) for p in found.renamed] == [("a", "y")]
    assert [file.path for file in found.added] == ["z"]
    assert found.new_bytes == 0


def test_empty_files_are_nobodys_twins():
    found = compare_files([git("a", "1", 0)], [git("b", "1", 0)])
    assert (found.renamed, len(found.added), len(found.removed)) == ((), 1, 1)


def test_a_copy_of_what_is_there_moves_nothing():
    found = compare_files([git("a", "1")], [git("a", "1"), git("copy", "1")])
    assert ([file.path for file in found.added], found.new_bytes) == (["copy"], 0)


def test_a_hundred_thousand_renames_are_found():
    before = [git(f"old/{n}", f"{n:05d}" * 8 and "0") for n in range(3)]
    many = [File(f"old/{n:06d}", n + 1, git_oid=f"{n:040x}") for n in range(100_000)]
    moved = [File(f"new/{n:06d}", n + 1, git_oid=f"{n:040x}") for n in range(100_000)]
    found = compare_files([*many, *before], moved)
    assert found.counts == {"added": 0, "removed": 3, "changed": 0, "renamed": 100_000}
