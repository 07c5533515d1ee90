"""A private model is sent and goes through the gates; what nobody finishes is thrown away."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Upload, UploadSet
from catalog.services import uploads
from core.models import Run
from registry.models import Model
from tests.catalog.sending import FILES, announce, begun, finish, send, sender, tus

__all__ = ["begun", "sender", "tus"]


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


def test_a_file_that_is_not_what_was_said_of_it_is_not_taken(yard, tus, ask, sender, begun):
    send(tus, begun, "w.safetensors", b"weights", sha256="0" * 64)
    finish(ask, sender, begun)
    run = yard.drive(Run.objects.get())
    assert (run.state, run.error_code) == ("failed", "integrity_mismatch")
    assert "send it again" in run.error
    assert not Model.objects.exists()


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
