"""The protocol of uploads: pieces, offsets, checksums, names and what is too large."""

from __future__ import annotations

import base64
import hashlib

import pytest

from catalog.models import Upload
from catalog.services import uploads
from registry.models import Policy
from tests.catalog.sending import FILES, announce, begun, finish, send, sender, tus

__all__ = ["begun", "sender", "tus"]


def test_what_is_spoken_is_said(tus, begun):
    answer = tus("OPTIONS", begun["files_url"], version="")
    assert answer.status_code == 204
    assert answer["Tus-Version"] == answer["Tus-Resumable"] == "1.0.0"
    assert answer["Tus-Extension"] == "creation,checksum,termination,expiration"
    assert answer["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert int(answer["Tus-Max-Size"]) == begun["max_bytes"]


def test_it_goes_on_where_the_file_ends(tus, begun):
    data = FILES["model.safetensors"]
    place = announce(tus, begun, "w.safetensors", len(data))["Location"]
    assert tus("PATCH", place, data[:5], Upload_Offset=0)["Upload-Offset"] == "5"
    head = tus("HEAD", place)
    assert (head["Upload-Offset"], head["Upload-Length"]) == ("5", str(len(data)))
    assert head["Cache-Control"] == "no-store"
    assert "Upload-Expires" in head
    Upload.objects.get().file.write_bytes(data[:9])  # what a killed process left: the file decides
    assert tus("HEAD", place)["Upload-Offset"] == "9"
    refused = tus("PATCH", place, data[5:], Upload_Offset=5)
    assert (refused.status_code, refused.json()["code"]) == (409, "upload_offset")
    assert refused.json()["offset"] == 9
    assert tus("PATCH", place, data[9:], Upload_Offset=9).status_code == 204
    assert Upload.objects.get().file.read_bytes() == data


def test_a_checksum_is_compared(tus, begun):
    place = announce(tus, begun, "w.bin", 4)["Location"]
    right = base64.b64encode(hashlib.sha256(b"data").digest()).decode()
    wrong = tus("PATCH", place, b"dada", Upload_Offset=0, Upload_Checksum=f"sha256 {right}")
    assert (wrong.status_code, wrong.json()["code"]) == (460, "checksum_mismatch")
    assert tus("HEAD", place)["Upload-Offset"] == "0"
    good = tus("PATCH", place, b"data", Upload_Offset=0, Upload_Checksum=f"sha256 {right}")
    assert good.status_code == 204
    odd = tus("PATCH", place, b"", Upload_Offset=4, Upload_Checksum="crc32 xx")
    assert odd.status_code == 400


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a//b", "a\nb", "a\\b", "", "x" * 1001])
def test_names_no_file_may_have_are_refused(tus, begun, path):
    answer = announce(tus, begun, path, 3)
    assert (answer.status_code, Upload.objects.count()) == (400, 0)
    assert answer["Tus-Resumable"] == "1.0.0"


def test_names_with_blanks_and_other_alphabets_are_names(tus, begun):
    send(tus, begun, "ein Modell ü/模型.bin", b"x")
    assert Upload.objects.get().path == "ein Modell ü/模型.bin"


def test_one_name_is_not_two_things(tus, begun):
    assert announce(tus, begun, "a/b.bin", 1).status_code == 201
    assert announce(tus, begun, "a/b.bin", 1).status_code == 409
    assert announce(tus, begun, "a", 1).status_code == 400
    assert announce(tus, begun, "a/b.bin/c", 1).status_code == 400


@pytest.mark.parametrize("length", ["", "-1", "1.5", "abc", "9" * 17])
def test_a_length_that_is_no_number_is_refused(tus, begun, length):
    assert announce(tus, begun, "w.bin", length).status_code == 400


def test_what_is_larger_than_any_policy_takes_is_refused_before_a_byte_moves(tus, begun, settings):
    settings.UPLOAD_MAX_BYTES = 10
    assert announce(tus, begun, "a.bin", 6).status_code == 201
    answer = announce(tus, begun, "b.bin", 5)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    settings.UPLOAD_MAX_BYTES = 10**15
    limits = {"max_bytes": 8, "max_file_bytes": 7, "extensions_refused": [".exe"]}
    for old in Policy.objects.filter(is_active=True):
        Policy.objects.filter(pk=old.pk).update(is_active=False)
        Policy.objects.create(tier=old.tier, number=2, gates=old.gates, limits=limits)
    assert announce(tus, begun, "b.bin", 3).status_code == 413
    assert announce(tus, begun, "b.bin", 2).status_code == 201
    refused = announce(tus, begun, "run.exe", 0)
    assert refused.status_code == 400
    assert "end in .exe" in refused.json()["detail"]


def test_more_bytes_than_announced_are_refused(tus, begun):
    place = announce(tus, begun, "w.bin", 3)["Location"]
    assert tus("PATCH", place, b"four", Upload_Offset=0).status_code == 413
    assert tus("HEAD", place)["Upload-Offset"] == "0"


def test_a_disk_that_cannot_hold_it_is_said_before(tus, begun, monkeypatch):
    monkeypatch.setattr("downloads.policy.MARGIN", 10**18)
    answer = announce(tus, begun, "w.bin", uploads.WORTH_ASKING)
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")


def test_an_empty_file_is_whole_at_once(tus, ask, sender, begun):
    place = announce(tus, begun, "empty.txt", 0)["Location"]
    assert tus("HEAD", place)["Upload-Offset"] == "0"
    assert finish(ask, sender, begun).status_code == 202


def test_the_protocol_is_kept_to(tus, begun):
    place = announce(tus, begun, "w.bin", 3)["Location"]
    for version in ("", "0.2.2"):
        answer = tus("PATCH", place, b"abc", version=version, Upload_Offset=0)
        assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")
    assert tus("PATCH", place, b"abc", kind="text/plain", Upload_Offset=0).status_code == 415
    assert tus("PATCH", place, b"abc").status_code == 400
    bad = tus("POST", begun["files_url"], kind="", Upload_Length=1, Upload_Metadata="filename !!")
    assert bad.status_code == 400
