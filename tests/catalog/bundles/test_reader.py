"""Whatever was done to a bundle on its way, it is refused with what is wrong."""

from __future__ import annotations

import io
import tarfile

import orjson
import pytest

from catalog.bundles import signing
from catalog.bundles.layout import header, padded
from catalog.bundles.manifest import read_manifest
from catalog.bundles.reader import BundleReader, check_length, read_head
from core.errors import BundleRefusedError
from tests.catalog.bundles import making
from tests.catalog.bundles.making import TRUSTED, bundle, member, parts, sha


def read(content: bytes, *, trusted=TRUSTED) -> dict[str, bytes]:
    """Read all of a bundle the way an import does."""
    file = io.BytesIO(content)
    head = read_head(file)
    check_length(head, len(content))
    head.signer(trusted)
    reader = BundleReader(file, head)
    return {one.path: b"".join(reader.chunks(one)) for one in reader}


def refused(content: bytes, **words) -> str:
    with pytest.raises(BundleRefusedError) as caught:
        read(content, **words)
    return caught.value.details["reason"]


def at(content: bytes, place: int, new: bytes) -> bytes:
    return content[:place] + new + content[place + len(new) :]


def test_a_bundle_is_read_as_it_was_written():
    documents, contents = parts()
    found = read(bundle())
    assert found == documents | {f"contents/sha256/{d}": b for d, b in contents.items()}


def test_a_bundle_is_read_from_a_stream_that_cannot_seek():
    class Pipe(io.RawIOBase):
        def __init__(self, content):
            self.inner = io.BytesIO(content)

        def readable(self):
            return True

        def readinto(self, buffer):
            return self.inner.readinto(memoryview(buffer)[:1000])

    file = Pipe(bundle())
    head = read_head(file)
    reader = BundleReader(file, head)
    names = [one.path for one in reader]  # none is read: all are passed over
    assert len(names) == 3


def test_a_key_that_is_not_trusted_is_refused_and_named():
    other = signing.new_key()
    with pytest.raises(BundleRefusedError) as caught:
        read(bundle(key=other))
    assert caught.value.details["reason"] == "untrusted"
    assert caught.value.details["keys"] == [signing.key_id(other.public_key())]
    assert "manage.py bundle trust" in caught.value.message


def test_a_foreign_signature_under_a_trusted_id_does_not_hold():
    other = signing.new_key()
    made = bundle(key=other)
    ours, theirs = making.KEY_ID.encode(), signing.key_id(other.public_key()).encode()
    assert refused(made.replace(theirs, ours)) == "signature"


def test_a_bundle_without_its_signature_is_refused():
    made = bundle()
    first = padded(making.head_of(making.manifest(*parts())).manifest_bytes.__len__()) + 512
    envelope = read_head(io.BytesIO(made)).envelope
    without = made[:first] + made[first + 512 + padded(len(envelope)) :]
    assert refused(without) == "unsigned"


@pytest.mark.parametrize("envelope", [b"", b"[]", b"{}", b'{"signatures": []}', b"no json"])
def test_an_envelope_that_is_none_is_refused(envelope):
    documents, contents = parts()
    content = orjson.dumps(making.manifest(documents, contents).model_dump(mode="json"))
    made = member("manifest.json", content) + member("manifest.dsse.json", envelope)
    head = read_head(io.BytesIO(made))
    with pytest.raises(BundleRefusedError) as caught:
        head.signer(TRUSTED)
    assert caught.value.details["reason"] == "unsigned"


def test_an_altered_manifest_is_refused():
    made = bundle()
    assert refused(made.replace(b'"yard":"there"', b'"yard":"their"')) == "manifest_altered"


def test_the_signature_of_another_bundle_is_refused():
    good, other = bundle(), bundle(yard="other")
    envelope = read_head(io.BytesIO(other)).envelope
    head = read_head(io.BytesIO(good))
    mixed = member("manifest.json", head.manifest_bytes) + member("manifest.dsse.json", envelope)
    assert refused(mixed + good[head.places()[2].start :]) == "manifest_altered"


@pytest.mark.parametrize("which", [2, 3, 4])
def test_one_flipped_bit_in_any_member_is_found(which):
    made = bundle()
    place = read_head(io.BytesIO(made)).places()[which]
    assert refused(at(made, place.body + place.member.size - 1, b"\xff")) == "member_altered"


def test_bytes_hidden_in_the_padding_are_found():
    made = bundle()
    place = read_head(io.BytesIO(made)).places()[2]
    assert place.member.size % 512
    assert refused(at(made, place.end - 1, b"x")) == "member_altered"


def test_a_member_too_many_is_refused_before_or_behind_the_end():
    made = bundle()
    head = read_head(io.BytesIO(made))
    end = head.places()[-1].end
    spare = member("contents/sha256/" + "b" * 64, b"spare")
    assert refused(made[:end] + spare + made[end:]) == "extra_member"
    assert refused(made + spare) == "extra_member"
    inside = at(made, end, spare)  # as long as it was: in place of the empty end
    assert refused(inside) == "extra_member"


@pytest.mark.parametrize(
    ("name", "kind", "link"),
    [
        ("../../etc/cron.d/x", tarfile.REGTYPE, ""),
        ("/etc/passwd", tarfile.REGTYPE, ""),
        ("versions/0001/version.json", tarfile.SYMTYPE, "/etc/passwd"),
        ("versions/0001/version.json", tarfile.LNKTYPE, "manifest.json"),
        ("versions/0001/version.json", tarfile.CHRTYPE, ""),
        ("versions/0001/version.json", tarfile.GNUTYPE_SPARSE, ""),
    ],
)
def test_a_header_that_plays_tricks_is_refused(name, kind, link):
    made = bundle()
    place = read_head(io.BytesIO(made)).places()[2]
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, place.member.size
    assert refused(at(made, place.start, info.tobuf(tarfile.USTAR_FORMAT))) == "unexpected_member"


@pytest.mark.parametrize("left", [0, 1, 511, 512, 700, 3000, -1, -20_000])
def test_a_bundle_cut_off_anywhere_is_refused(left):
    made = bundle()
    assert refused(made[:left]) in {"truncated", "format"}


def test_a_cut_off_stream_is_noticed_without_knowing_its_length():
    made = bundle()
    file = io.BytesIO(made[:-12_000])
    reader = BundleReader(file, read_head(file))
    with pytest.raises(BundleRefusedError, match="cut off"):
        [list(reader.chunks(one)) for one in reader]


def test_a_size_that_lies_is_refused_before_it_is_read():
    documents, contents = parts()
    made = making.manifest(documents, contents)
    huge = made.members[-1].model_copy(update={"size": 10**18})
    lying = made.model_copy(update={"members": [*made.members[:-1], huge]})
    head = making.head_of(lying)
    archive = member("manifest.json", head.manifest_bytes) + member(
        "manifest.dsse.json", head.envelope
    )
    assert refused(archive + bundle()[len(archive) :]) == "truncated"


@pytest.mark.parametrize("name", ["manifest.json", "manifest.dsse.json"])
def test_a_head_that_claims_gigabytes_is_not_read(name):
    start = b"" if name == "manifest.json" else member("manifest.json", bundle()[512:1024])
    if name == "manifest.dsse.json":
        start = making.signed_only(read_head(io.BytesIO(bundle())).manifest_bytes)
        start = start[: 512 + padded(len(read_head(io.BytesIO(bundle())).manifest_bytes))]
    assert refused(start + header(name, 5 << 30) + bytes(512)) == "too_large"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(600), bytes(10240), b"x" * 2000])
def test_what_is_no_bundle_is_said_to_be_none(content):
    assert refused(content) in {"format", "truncated"}


def changed(**values) -> bytes:
    made = making.manifest(*parts()).model_dump(mode="json")
    return orjson.dumps({**made, **values})


ONE = {"path": "versions/0001/version.json", "sha256": sha(b""), "size": 0}
CONTENT = {"path": f"contents/sha256/{sha(b'')}", "sha256": sha(b""), "size": 0}


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        changed(format="other"),
        changed(format_version=2),
        changed(more=1),
        changed(versions=[]),
        changed(members=[ONE, ONE]),
        changed(members=[{**ONE, "path": "versions/0001/../../x"}]),
        changed(members=[{**ONE, "size": -1}]),
        changed(members=[{**ONE, "size": "1"}]),
        changed(members=[CONTENT, ONE]),
        changed(members=[{**CONTENT, "sha256": "b" * 64}]),
    ],
)
def test_a_manifest_that_does_not_hold_together_is_refused(content):
    with pytest.raises(BundleRefusedError) as caught:
        read_manifest(content)
    assert caught.value.details["reason"] == "manifest"
