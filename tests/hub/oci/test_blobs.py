"""A layer is found in its own repository alone, and while it is given away."""

from __future__ import annotations

import hashlib

import pytest
from django.core import signing

from registry.models import (
    AccessRequest,
    AuditEvent,
    Download,
    ModelFile,
    ModelVersion,
    Served,
    UsageDay,
)
from registry.services.heads import refresh_head
from registry.services.usage import count_promised
from tests.hub.oci.conftest import FILES, make_gguf
from tests.hub.test_refusals import HELD

WEIGHTS = FILES["tiny-Q4_K_M.gguf"]
WHY = "Unsafe: its chat template escapes. The same weights are in model.safetensors."


def digest_of(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def blob(ask_v2, key):
    def ask(version, content=WEIGHTS, *, method="GET", **headers):
        path = f"/{version.model.repo_id}/blobs/{digest_of(content)}"
        return ask_v2(path, key=key, method=method, **headers)

    return ask


def code_of(answer):
    (error,) = answer.json()["errors"]
    return answer.status_code, error["code"]


def test_a_head_tells_the_size_and_touches_no_bytes(blob, tiny, store):
    store.delete(tiny.files.get(path="tiny-Q4_K_M.gguf").sha256)
    answer = blob(tiny, method="HEAD")
    assert (answer.status_code, answer["Content-Length"]) == (200, str(len(WEIGHTS)))
    assert answer["Docker-Content-Digest"] == digest_of(WEIGHTS)
    assert answer["Accept-Ranges"] == "bytes"


def test_a_get_leads_to_another_host_name_that_needs_no_token(blob, tiny, client):
    answer = blob(tiny, Host="testserver:9083")
    assert answer.status_code == 307
    prefix = "http://bytes.example.org:9083"
    assert answer["Location"].startswith(f"{prefix}/v2/-/part?ticket=")
    path = answer["Location"].removeprefix(prefix)
    part = client.get(path, headers={"Range": "bytes=5-9", "Host": "bytes.example.org"})
    assert (part.status_code, part.getvalue()) == (206, WEIGHTS[5:10])
    assert part["Content-Range"] == f"bytes 5-9/{len(WEIGHTS)}"
    head = client.head(path)
    assert head["Content-Length"] == str(len(WEIGHTS))


def test_the_front_sends_the_bytes_of_a_part(blob, tiny, client, settings):
    settings.BYTES_BY = "front"
    path = blob(tiny)["Location"].removeprefix("http://bytes.example.org")
    answer = client.get(path)
    assert answer["X-Accel-Redirect"].endswith(digest_of(WEIGHTS).removeprefix("sha256:"))


@pytest.mark.parametrize("host", ["", "testserver"])
def test_without_another_name_the_bytes_come_at_once(blob, tiny, settings, host):
    settings.BYTES_HOST = host
    answer = blob(tiny)
    assert (answer.status_code, answer.getvalue()) == (200, WEIGHTS)
    part = blob(tiny, Range="bytes=-4")
    assert (part.status_code, part.getvalue()) == (206, WEIGHTS[-4:])


@pytest.mark.parametrize("host", ["", "testserver"])
def test_an_ollama_is_told_so_before_it_fails(ask_v2, key, tiny, settings, host):
    settings.BYTES_HOST = host
    path = f"/{tiny.model.repo_id}/manifests/latest"
    answer = ask_v2(path, key=key, **{"User-Agent": "ollama/0.12.3 (amd64 linux) Go/go1.24"})
    assert code_of(answer) == (501, "UNSUPPORTED")
    assert "BYTES_HOST" in str(answer.content)
    assert ask_v2(path, key=key).status_code == 200


def test_of_an_open_catalog_an_ollama_needs_no_token_at_all(client, tiny, settings):
    settings.OPEN_CATALOG, settings.BYTES_HOST = True, ""
    headers = {"User-Agent": "ollama/0.12.3"}
    base = f"/v2/{tiny.model.repo_id}"
    assert client.get(f"{base}/manifests/latest", headers=headers).status_code == 200
    answer = client.get(f"{base}/blobs/{digest_of(WEIGHTS)}", headers=headers)
    assert answer.getvalue() == WEIGHTS


def test_small_layers_are_led_away_and_read_in_parts_as_well(ask_v2, key, tiny, client):
    repo = tiny.model.repo_id
    manifest = ask_v2(f"/{repo}/manifests/latest", key=key).json()
    config = manifest["config"]
    answer = ask_v2(f"/{repo}/blobs/{config['digest']}", key=key)
    path = answer["Location"].removeprefix("http://bytes.example.org")
    whole = client.get(path)
    assert f"sha256:{hashlib.sha256(whole.content).hexdigest()}" == config["digest"]
    part = client.get(path, headers={"Range": f"bytes=3-{config['size'] - 1}"})
    assert (part.status_code, part.content) == (206, whole.content[3:])
    behind = client.get(path, headers={"Range": f"bytes={config['size']}-"})
    assert behind.status_code == 416
    assert behind["Content-Range"] == f"bytes */{config['size']}"


def test_each_part_is_a_line_in_the_trail_of_who_was_given_the_address(blob, tiny, key, client):
    blob(tiny, method="HEAD")
    path = blob(tiny)["Location"].removeprefix("http://bytes.example.org")
    assert not Served.objects.exists(), "nothing was given yet"
    for asked in ("bytes=0-4", "bytes=5-", f"bytes={len(WEIGHTS)}-"):
        client.get(path, headers={"Range": asked, "User-Agent": "ollama/0.12.3"}).getvalue()
    client.head(path)
    first, second = Served.objects.order_by("id")
    assert (first.user_id, first.key_prefix) == (key.user_id, key.prefix)
    assert (first.commit, first.path) == (tiny.commit, "tiny-Q4_K_M.gguf")
    assert (first.start, first.length, first.client) == (0, 5, "ollama/0.12.3")
    assert (second.start, second.length) == (5, len(WEIGHTS) - 5)
    assert Download.objects.get().user == key.user


def test_what_is_made_from_rows_is_a_line_in_the_trail_and_no_file(ask_v2, key, tiny, client):
    repo = tiny.model.repo_id
    manifest = ask_v2(f"/{repo}/manifests/latest", key=key).json()
    kinds = ["config"]
    digests = [manifest["config"]["digest"]]
    for layer in manifest["layers"]:
        kind = layer["mediaType"].rpartition(".")[2]
        if kind in {"template", "params"}:
            kinds.append(kind)
            digests.append(layer["digest"])
    for digest in digests:
        answer = ask_v2(f"/{repo}/blobs/{digest}", key=key)
        client.get(answer["Location"].removeprefix("http://bytes.example.org"))
    rows = Served.objects.order_by("id")
    assert [row.path for row in rows] == kinds
    assert [f"sha256:{row.sha256}" for row in rows] == digests
    assert all((row.start, row.length) == (0, row.size) for row in rows)
    assert {row.key_prefix for row in rows} == {key.prefix}
    count_promised(rows)
    day = UsageDay.objects.get()
    assert (day.files, day.bytes) == (0, sum(row.size for row in rows))
    assert not Download.objects.exists()


def test_what_another_repository_has_is_not_here(blob, tiny, store):
    other = make_gguf(store, files={"other-Q4_0.gguf": b"other weights"})
    assert blob(other, b"other weights", method="HEAD").status_code == 200
    assert code_of(blob(tiny, b"other weights")) == (404, "BLOB_UNKNOWN")


def test_a_version_that_main_left_is_given_while_it_is_admitted(blob, tiny, store):
    newer = make_gguf(store, model=tiny.model, files={"tiny-Q4_K_M.gguf": b"newer"})
    newer.model.refresh_from_db()
    assert newer.model.head == newer
    assert blob(tiny, method="HEAD")["X-Repo-Commit"] == tiny.commit
    ModelVersion.objects.filter(pk=tiny.pk).update(admission="withdrawn")
    assert code_of(blob(tiny)) == (404, "BLOB_UNKNOWN")


def test_an_address_ends_with_the_admission(blob, tiny, client):
    path = blob(tiny)["Location"].removeprefix("http://bytes.example.org")
    ModelFile.objects.filter(version=tiny, path="tiny-Q4_K_M.gguf").update(held_back=WHY)
    assert code_of(client.get(path)) == (404, "BLOB_UNKNOWN")
    ModelFile.objects.filter(version=tiny).update(held_back="")
    assert client.get(path).getvalue() == WEIGHTS
    ModelVersion.objects.filter(pk=tiny.pk).update(admission="held")
    assert code_of(client.get(path)) == (404, "BLOB_UNKNOWN")


def test_an_address_ends_with_its_time(blob, tiny, client, settings):
    path = blob(tiny)["Location"].removeprefix("http://bytes.example.org")
    settings.BYTES_SIGNED_FOR = -1
    assert code_of(client.get(path)) == (404, "BLOB_UNKNOWN")


def test_an_address_is_not_to_be_made_up(client, tiny):
    told = {"version": tiny.pk, "digest": digest_of(WEIGHTS)}
    for ticket in (signing.dumps(told, salt="x"), signing.dumps(told), "x", "a:b:c", ""):
        assert code_of(client.get(f"/v2/-/part?ticket={ticket}")) == (404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("end", ["manifests/latest", f"blobs/{digest_of(WEIGHTS)}"])
def test_a_hidden_model_looks_like_a_missing_one(ask_v2, lite_key, store, *, end, method):
    hidden = make_gguf(store, model__tier="professional")
    missing = hidden.model.repo_id.replace("acme", "ecma")
    first, second = (
        ask_v2(f"/{repo}/{end}", key=lite_key, method=method)
        for repo in (hidden.model.repo_id, missing)
    )
    assert first.status_code == second.status_code == 404
    shown = [
        str([a.content, {k: v for k, v in a.headers.items() if k != "X-Request-Id"}]).replace(
            repo, "REPO"
        )
        for a, repo in ((first, hidden.model.repo_id), (second, missing))
    ]
    assert shown[0] == shown[1]
    assert method == "HEAD" or code_of(first) == (404, "NAME_UNKNOWN")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"admission": "pending", "decided_at": None}, "is not admitted yet"),
        ({"admission": "held", "decision": HELD}, "evil.pkl calls os.system"),
        ({"admission": "withdrawn"}, "was withdrawn"),
    ],
)
def test_a_refusal_is_told_as_by_the_hub(ask_v2, key, store, values, words):
    version = make_gguf(store, **values)
    for end in ("manifests/latest", f"blobs/{digest_of(WEIGHTS)}"):
        answer = ask_v2(f"/{version.model.repo_id}/{end}", key=key)
        assert code_of(answer) == (403, "DENIED")
        for told in (answer.json()["errors"][0]["message"], answer["X-Error-Message"]):
            assert words in told
            assert f"/models/{version.model.slug}/" in told
    assert AuditEvent.objects.filter(action="hub.refused").exists()


def test_who_asked_for_a_higher_tier_is_told_so(ask_v2, lite_key, store):
    version = make_gguf(store, model__tier="professional")
    AccessRequest.objects.create(user=lite_key.user, model=version.model, tier="lite")
    answer = ask_v2(f"/{version.model.repo_id}/manifests/latest", key=lite_key)
    assert code_of(answer) == (403, "DENIED")
    assert "is for tier professional and above" in str(answer.content)


def test_a_file_that_is_held_back_says_why(ask_v2, blob, key, tiny):
    """There is no other file for an Ollama to look for, and of a 404 it would show nothing."""
    ModelFile.objects.filter(version=tiny, path="tiny-Q4_K_M.gguf").update(held_back=WHY)
    refresh_head(tiny.model)
    base = f"/{tiny.model.repo_id}/manifests"
    answer = ask_v2(f"{base}/Q4_K_M", key=key)
    assert code_of(answer) == (403, "DENIED")
    assert "is held back. Unsafe: its chat template escapes." in str(answer.content)
    assert code_of(blob(tiny)) == (404, "BLOB_UNKNOWN")
    latest = ask_v2(f"{base}/latest", key=key)
    assert latest.json()["ggufFile"] == {"rfilename": "tiny-Q8_0.gguf"}


@pytest.mark.parametrize(
    "path",
    [
        "/acme/tiny",
        "/acme/tiny/tags/list",
        "/acme/tiny/blobs/sha256:abc",
        "/acme/tiny/blobs/md5:0",
        "/a/b/c/manifests/x",
        "/acme/tiny/manifests/.x",
        "/_catalog",
        "/-/part",
        "/acme/t%00/manifests/x",
        "/%2e%2e/x/manifests/latest",
    ],
)
def test_any_other_address_is_an_error_of_the_protocol(ask_v2, key, db, path):
    answer = ask_v2(path, key=key)
    assert answer.status_code in {400, 404}
    assert answer.json()["errors"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_is_put_in(ask_v2, key, tiny, method):
    answer = ask_v2(f"/{tiny.model.repo_id}/manifests/latest", key=key, method=method)
    assert code_of(answer) == (405, "UNSUPPORTED")


def test_as_many_queries_for_one_version_as_for_many(
    ask_v2, key, store, tiny, django_assert_max_num_queries
):
    for number in range(5):
        make_gguf(store, model=tiny.model, files={"a-Q4_0.gguf": b"%d" % number})
    with django_assert_max_num_queries(8):
        ask_v2(f"/{tiny.model.repo_id}/blobs/{digest_of(b'3')}", key=key, method="HEAD")
