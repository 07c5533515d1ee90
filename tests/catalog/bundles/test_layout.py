"""The archive is a plain tar that every tar reads, laid out by its manifest alone."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile

import pytest

from catalog.bundles.layout import Member, ending, header, is_member_path, places
from tests.catalog.bundles import making


def test_pythons_tar_reads_a_bundle(tmp_path):
    documents, contents = making.parts()
    with tarfile.open(fileobj=io.BytesIO(making.bundle())) as archive:
        names = archive.getnames()
        held = {one.name: archive.extractfile(one).read() for one in archive.getmembers()}
    assert names[:3] == ["manifest.json", "manifest.dsse.json", "versions/0001/version.json"]
    assert names[3:] == [f"contents/sha256/{digest}" for digest in sorted(contents)]
    assert held["versions/0001/version.json"] == documents["versions/0001/version.json"]
    for digest, body in contents.items():
        assert held[f"contents/sha256/{digest}"] == body


def test_the_systems_tar_reads_a_bundle(tmp_path):
    path = tmp_path / "b.tar"
    path.write_bytes(making.bundle())
    told = subprocess.run(
        [shutil.which("tar"), "-tvf", path], capture_output=True, text=True, check=True
    )
    assert (told.stderr, len(told.stdout.splitlines())) == ("", 5)


@pytest.mark.parametrize("size", [8**11 - 1, 8**11, 123_456_789_012, 2**60])
def test_sizes_beyond_eight_gigabytes_are_read_by_tar(size):
    name = f"contents/sha256/{'a' * 64}"
    with tarfile.open(fileobj=io.BytesIO(header(name, size)), mode="r:") as archive:
        found = archive.next()
    assert (found.name, found.size, found.type) == (name, size, tarfile.REGTYPE)


def test_places_follow_each_other_by_blocks():
    found = list(places([Member("a", "", 1), Member("b", "", 0), Member("c", "", 8**11)]))
    assert [(place.start, place.body) for place in found] == [(0, 512), (1024, 1536), (1536, 3072)]


@pytest.mark.parametrize("end", [0, 512, 9216, 9728, 10240])
def test_an_archive_ends_with_two_empty_blocks_on_a_record(end):
    assert (len(ending(end)) + end) % 10240 == 0
    assert len(ending(end)) >= 1024


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "/etc/passwd",
        "versions/0001/../x",
        "versions/0001/a/b",
        "versions/1/version.json",
        "versions/0001/.hidden",
        f"contents/sha256/{'A' * 64}",
        f"contents/sha256/{'a' * 63}",
        f"contents/sha256/{'a' * 64}\n",
        "manifest.json",
        "",
    ],
)
def test_no_member_may_be_called_otherwise(path):
    assert not is_member_path(path)
