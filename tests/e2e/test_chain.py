"""A second yard takes models from the first as from a further Hub and checks every byte itself."""

from __future__ import annotations

import pytest

from core.storage.base import content_key
from tests.e2e.yard import running_yard
from tests.standins.repos import TINY_CONFIG, tiny_safetensors

pytestmark = pytest.mark.timeout(900)  # two yards start before the first test
CHAINED, ALTERED = "acme/chained", "acme/altered"
ADMISSION = "SELECT admission FROM registry_model WHERE repo_id = %s"
SCANNED = "SELECT DISTINCT scanner FROM scanning_scan WHERE sha256 = %s"
CARD = "---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n\n{}\n"
KEEP = """
from catalog.models import HubEndpoint
from catalog.services.endpoints import keep_endpoint
from registry.authentication import caller_of_user
from registry.models import User
keep_endpoint(
    caller=caller_of_user(User.objects.get(username={name!r})),
    row=HubEndpoint(slug="first", endpoint={endpoint!r}),
    token={token!r},
)
"""
FILES = """
SELECT version.commit, file.path, file.size, file.git_oid, file.sha256, file.content_id
FROM registry_modelfile file JOIN registry_modelversion version ON version.id = file.version_id
JOIN registry_model model ON model.id = version.model_id
WHERE model.repo_id = %s AND model.source = %s ORDER BY file.path
"""


@pytest.fixture(scope="module")
def here(upstream, yard, cora):
    """The first yard, with two small models that are admitted and whose weights are their own."""
    for repo_id, shape in ((CHAINED, [7, 5]), (ALTERED, [11, 3])):
        files = {
            "README.md": CARD.format(repo_id),
            "config.json": {**TINY_CONFIG, "_name": repo_id},
            "model.safetensors": tiny_safetensors({"w": ("F32", shape)}),
        }
        upstream.repos.repo(repo_id, files)
    upstream.reload()
    for repo_id in (CHAINED, ALTERED):
        yard.slug_of(cora, repo_id)
    return yard


@pytest.fixture(scope="module")
def second(upstream, here, cora):
    with running_yard(upstream) as running:
        yield running


@pytest.fixture(scope="module")
def ada(second, here, cora):
    person = second.person("ada", tier="professional", role="admin")
    words = KEEP.format(name="ada", endpoint=f"{here.base}/hf", token=cora.key)
    second.manage("shell", "--command", words)
    return person


def test_the_same_commit_and_hashes_arrive_and_are_looked_at_again(here, second, ada):
    document = second.bring(ada, f"first:{CHAINED}")
    assert document["state"] == "done", document
    theirs, ours = (
        here.rows(FILES, CHAINED, "huggingface"),
        second.rows(FILES, CHAINED, "hub-first"),
    )
    assert [path for _, path, *_ in ours] == ["README.md", "config.json", "model.safetensors"]
    assert ours == theirs
    contents = [stored for *_, stored in ours]
    assert all(contents)
    for content in contents:
        engines = {name for (name,) in second.rows(SCANNED, content)}
        assert engines & {"plain_files", "safetensors_header"}
    assert second.rows(ADMISSION, CHAINED) == [("admitted",)]
    (asked,) = here.rows("SELECT count(*) FROM registry_served WHERE repo_id = %s", CHAINED)[0]
    assert asked >= len(contents)


def test_a_byte_that_changed_in_the_first_store_is_found_by_the_second(here, second, ada):
    stored = {path: content for _, path, *_, content in here.rows(FILES, ALTERED, "huggingface")}
    content = here.state / "store" / content_key(stored["model.safetensors"])
    before = content.read_bytes()
    content.chmod(0o644)
    content.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    try:
        document = second.bring(ada, f"first:{ALTERED}")
    finally:
        content.write_bytes(before)
    assert document["state"] == "failed", document
    assert document["error"]["code"] == "integrity_mismatch"
    assert second.rows(ADMISSION, ALTERED) == [("held",)]
    assert not second.rows(SCANNED, stored["model.safetensors"])
