"""HEAD of a file is answered again without making it, and never beyond what would be answered."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hub import resolve
from registry.models import Model
from registry.services.mains import roll_back
from tests.catalog.before_django import web_client
from tests.factories.registry import VersionFactory
from tests.hub.test_kept_answers import ENDS, FILES, KEEPER, OUT, key, version

__all__ = ["key", "version"]
FILE = "model.safetensors"


@pytest.fixture
def made(monkeypatch):
    """Name the files of which answers are made."""
    named = []

    def noting(version, file, original=resolve.file_headers):
        named.append((version.number, file.path))
        return original(version, file)

    monkeypatch.setattr(resolve, "file_headers", noting)
    return named


@pytest.fixture
def head(version, key):
    with web_client() as web:

        def send(path=FILE, *, rest="main", method="HEAD", **headers):
            sent = {"Authorization": f"Bearer {key.token}", **headers}
            return web.request(method, f"/hf/acme/one/resolve/{rest}/{path}", headers=sent)

        assert send().status_code == 200
        yield send


def test_the_same_is_told_without_making_it_by_one_query(head, made, version):
    with CaptureQueriesContext(connection) as queries:
        again = head()
    assert (len(queries), made) == (1, [])
    first = head(rest=version.commit)
    assert made == [(1, FILE)]
    told = [dict(answer.headers) for answer in (again, first)]
    assert told[0].pop("x-request-id") != told[1].pop("x-request-id")
    assert told[0] == told[1]
    assert told[0]["content-length"] == str(len(FILES[FILE])) == told[0]["x-linked-size"]
    assert again.content == b""


def test_bytes_are_sent_by_the_view_and_another_file_is_another_answer(head, made):
    assert head("config.json").headers["content-length"] == "2"
    assert head(method="GET").content == FILES[FILE]
    assert made == [(1, "config.json"), (1, FILE)]
    assert head().headers["content-length"] == str(len(FILES[FILE]))


def test_who_has_the_file_is_told_so(head):
    etag = head().headers["etag"]
    assert [head(**{"If-None-Match": etag}).status_code for _ in range(2)] == [304, 304]
    assert head().status_code == 200
    assert head(**{"If-None-Match": '"other"'}).status_code == 200


def test_a_file_that_is_held_back_is_missing_at_once(head, version):
    version.files.filter(path=FILE).update(held_back="why")
    assert head().status_code == 404
    assert head("config.json").status_code == 200


def test_main_is_the_newest_at_once_and_the_older_again_when_it_goes_back(head, version):
    newer = VersionFactory(model=version.model, files={FILE: b"longer weights"})
    assert head().headers["x-repo-commit"] == newer.commit
    roll_back(caller=KEEPER, version=version, reason="x")
    assert head().headers["x-repo-commit"] == version.commit


@pytest.mark.parametrize("change", ENDS.values(), ids=ENDS)
def test_what_may_not_be_had_any_more_is_refused_at_once(head, version, change):
    assert head().status_code == 200
    change(version)
    answer = head()
    assert answer.status_code in {403, 404}
    assert answer.headers.get("x-repo-commit") != version.commit


@pytest.mark.parametrize("end", OUT.values(), ids=OUT)
def test_a_key_that_ended_gets_nothing(head, key, end):
    end(key)
    assert head().status_code == 401


def test_a_tier_that_rose_above_the_key_hides_it(head):
    Model.objects.update(tier="standard")
    assert head().status_code == 404
