"""A private model is sent by tus, gone on with after a break, and goes through the gates."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Upload, UploadSet
from catalog.services import uploads
from core.models import Run
from registry.models import Model, Policy
from tests.standins.repos import TINY_CONFIG, tiny_safetensors

PIECE = "application/offset+octet-stream"
FILES = {
    "README.md": b"---\nlicense: mit\n---\nA model.\n",
    "config.json": json.dumps(TINY_CONFIG).encode(),
    "model.safetensors": tiny_safetensors({"w": ("F32", [2])}),
}


@pytest.fixture
def sender(yard, make_key):
    return make_key(role="viewer", tier="professional")


@pytest.fixture
def tus(client, sender):
    """Speak tus as the sender does, or as somebody else."""

    def speak(method, path, data=b"", *, key=sender, kind=PIECE, version="1.0.0", **headers):
        said = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        said |= {"Authorization": f"Bearer {key.token}"} | (
            {"Tus-Resumable": version} if version else {}
        )
        typed = {"CONTENT_TYPE": kind} if kind else {}  # the client leaves it out of empty bodies
        return client.generic(method, path, data, content_type=kind, headers=said, **typed)

    return speak


@pytest.fixture
def begun(ask, sender):
    answer = ask("/api/v1/uploads", key=sender, method="POST", body={"name": "mine"})
    assert answer.status_code == 201, answer.content
    return answer.json()


def told(**values):
    pairs = (f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())
    return ",".join(pairs)


def announce(tus, begun, path, length, **more):
    metadata = told(filename=path, **more)
    return tus("POST", begun["files_url"], kind="", Upload_Length=length, Upload_Metadata=metadata)


def send(tus, begun, path, data, **more):
    answer = announce(tus, begun, path, len(data), **more)
    assert answer.status_code == 201, answer.content
    sent = tus("PATCH", answer["Location"], data, Upload_Offset=0)
    assert (sent.status_code, sent["Upload-Offset"]) == (204, str(len(data))), sent.content
    return answer["Location"]


def finish(ask, sender, begun):
    return ask(f"/api/v1/uploads/{begun['id']}/finish", key=sender, method="POST")


def test_what_is_spoken_is_said(tus, begun):
    answer = tus("OPTIONS", begun["files_url"], version="")
    assert answer.status_code == 204
    assert answer["Tus-Version"] == answer["Tus-Resumable"] == "1.0.0"
    assert answer["Tus-Extension"] == "creation,checksum,termination,expiration"
    assert answer["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert int(answer["Tus-Max-Size"]) == begun["max_bytes"]


def test_several_files_become_one_private_version(yard, tus, ask, sender, begun):
    for path, data in FILES.items():
        send(tus, begun, path, data, sha256=hashlib.sha256(data).hexdigest())
    answer = finish(ask, sender, begun)
    assert answer.status_code == 202
    run = yard.drive(Run.objects.get())
    assert answer["Location"] == f"/api/v1/workflows/{run.pk}"
    assert (run.state, run.error) == ("done", "")
    version = yard.version(run)
    model = version.model
    assert (model.source, model.repo_id) == ("upload", f"{sender.user.username}/mine")
    assert model.is_private
    assert {f.path: f.sha256 for f in version.files.all()} == {
        path: hashlib.sha256(data).hexdigest() for path, data in FILES.items()
    }
    gate = version.gates.get(gate="source")
    assert (gate.outcome, version.admission) == ("failed", "held")
    assert gate.reason.startswith(f"Sent by {sender.user.username} as a private model")
    assert finish(ask, sender, begun).status_code == 202
    assert Run.objects.count() == 1


def test_nobody_else_knows_of_a_private_upload(yard, tus, ask, sender, begun, make_key):
    send(tus, begun, "w.safetensors", FILES["model.safetensors"])
    finish(ask, sender, begun)
    run = yard.drive(Run.objects.get())
    slug = Model.objects.get().slug
    other = make_key(role="operator", tier="professional")
    curator = make_key(role="curator", tier="professional")
    paths = (f"/api/v1/models/{slug}", f"/api/v1/workflows/{run.pk}")
    for path in paths:
        assert [ask(path, key=key).status_code for key in (sender, curator, other)] == [
            200,
            200,
            404,
        ]
    assert ask(f"/api/v1/uploads/{begun['id']}", key=other).status_code == 404
    file = f"{begun['files_url']}/{Upload.objects.get().pk}"
    assert tus("HEAD", file, key=other).status_code == 404
    assert tus("PATCH", file, b"x", key=other, Upload_Offset=0).status_code == 404
    assert tus("HEAD", file).status_code == 200


def test_a_second_upload_of_the_name_is_the_next_version(yard, tus, ask, sender):
    for text in (b"first", b"second"):
        body = {"name": f"{sender.user.username}/mine"}
        begun = ask("/api/v1/uploads", key=sender, method="POST", body=body).json()
        for path, data in FILES.items():
            send(tus, begun, path, data)
        send(tus, begun, "notes.txt", text)
        finish(ask, sender, begun)
        yard.drive(Run.objects.order_by("-created_at").first())
    assert Model.objects.get().versions.count() == 2


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


def test_a_file_that_is_not_what_was_said_of_it_is_not_taken(yard, tus, ask, sender, begun):
    send(tus, begun, "w.safetensors", b"weights", sha256="0" * 64)
    finish(ask, sender, begun)
    run = yard.drive(Run.objects.get())
    assert (run.state, run.error_code) == ("failed", "integrity_mismatch")
    assert "send it again" in run.error
    assert not Model.objects.exists()


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
    monkeypatch.setattr(uploads, "MARGIN", 10**18)
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


def test_an_unfinished_upload_is_not_finished(tus, ask, sender, begun):
    assert finish(ask, sender, begun).status_code == 409
    announce(tus, begun, "w.bin", 3)
    answer = finish(ask, sender, begun)
    assert (answer.status_code, answer.json()["missing"]) == (409, ["w.bin"])
    assert UploadSet.objects.get().state == "open"


def test_a_closed_upload_takes_nothing_more(tus, ask, sender, begun):
    place = send(tus, begun, "w.bin", b"abc")
    finish(ask, sender, begun)
    assert announce(tus, begun, "v.bin", 1).status_code == 409
    assert tus("PATCH", place, b"", Upload_Offset=3).status_code == 404
    assert tus("DELETE", place).status_code == 409
    assert ask(f"/api/v1/uploads/{begun['id']}", key=sender, method="DELETE").status_code == 409


def test_files_and_uploads_are_thrown_away(yard, tus, ask, sender, begun):
    place = send(tus, begun, "w.bin", b"abc")
    assert tus("DELETE", place).status_code == 204
    assert tus("HEAD", place).status_code == 404
    send(tus, begun, "w.bin", b"abd")
    assert ask(f"/api/v1/uploads/{begun['id']}", key=sender, method="DELETE").status_code == 204
    assert list((yard.folder / "uploads").iterdir()) == []
    assert not UploadSet.objects.exists()


def test_what_nobody_finishes_expires(yard, tus, ask, sender, begun, settings):
    place = send(tus, begun, "w.bin", b"abc")
    assert uploads.collect_uploads() == 0
    UploadSet.objects.update(touched_at=timezone.now() - settings.UPLOAD_EXPIRES * 2)
    assert uploads.collect_uploads() == 1
    assert list((yard.folder / "uploads").iterdir()) == []
    assert tus("HEAD", place).status_code == 404
    assert tus("PATCH", place, b"", Upload_Offset=3).status_code == 404
    assert ask("/api/v1/uploads", key=sender).json() == {"results": []}


def test_bytes_of_a_stored_upload_are_collected_and_others_kept(yard, tus, ask, sender, begun):
    for path, data in FILES.items():
        send(tus, begun, path, data)
    finish(ask, sender, begun)
    run = yard.drive(Run.objects.get(), until="verify")
    assert uploads.collect_uploads() == 0
    yard.drive(run)
    assert uploads.collect_uploads() == 1
    assert UploadSet.objects.get().state == "done"
    assert list((yard.folder / "uploads").iterdir()) == []
    shown = ask(f"/api/v1/uploads/{begun['id']}", key=sender).json()
    assert [one["offset"] == one["length"] for one in shown["files"]] == [True] * 3


def test_folders_that_no_row_knows_are_collected_when_they_are_old(yard, begun, settings):
    stray = yard.folder / "uploads" / uuid.uuid4().hex
    stray.mkdir(parents=True)
    assert uploads.collect_uploads() == 0
    old = time.time() - settings.UPLOAD_EXPIRES.total_seconds() * 2
    os.utime(stray, (old, old))
    assert uploads.collect_uploads() == 1


def test_names_and_numbers_of_uploads_are_bounded(ask, sender, begun, monkeypatch):
    for name in ("", " ", "a/b", "other/mine", "a\nb", "..", "x" * 151):
        answer = ask("/api/v1/uploads", key=sender, method="POST", body={"name": name})
        assert answer.status_code == 400, name
    monkeypatch.setattr(uploads, "MOST_SETS", 1)
    answer = ask("/api/v1/uploads", key=sender, method="POST", body={"name": "more"})
    assert answer.status_code == 409


def test_who_may_not_request_may_not_send(ask, make_key, yard):
    key = make_key(scopes=["read"])
    assert ask("/api/v1/uploads", key=key).status_code == 403
    assert ask("/api/v1/uploads", method="POST", body={"name": "x"}).status_code == 401


def test_more_uploads_cost_no_more_queries(ask, sender, yard):
    counts = []
    ask("/api/v1/uploads", key=sender)  # notes the use of the key
    for total in (1, 10):
        while UploadSet.objects.count() < total:
            made = UploadSet.objects.create(
                user=sender.user, name="a/b", touched_at=timezone.now() - timedelta(minutes=1)
            )
            Upload.objects.create(upload_set=made, path="w.bin", length=1)
        with CaptureQueriesContext(connection) as queries:
            assert ask("/api/v1/uploads", key=sender).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
