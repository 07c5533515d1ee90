"""What one yard gives is what another one reads: the same commit has the same list in both."""

from __future__ import annotations

from catalog.bundles.papers import HELD_THERE
from catalog.openness import papers_with
from registry.enums import Role
from registry.models import User
from tests.factories.registry import ApiKeyFactory
from tests.scanning.twin_files import pytorch, safe
from tests.standins import papers
from tests.standins.repos import TINY_CONFIG

NAME, BAD = "acme/pair", "pytorch_model.bin"
CARD = "---\nlicense: mit\npipeline_tag: text-generation\n---\nTwo of each.\n"


def told_by(client, version):
    """What a yard that takes the version from here is told: the model, and the papers."""
    key = ApiKeyFactory(user__tier="professional")
    headers = {"Authorization": f"Bearer {key.token}"}
    base = f"/hf/api/models/{NAME}/revision/{version.commit}"
    info = client.get(f"{base}?blobs=true&securityStatus=true", headers=headers).json()
    address = f"/hf/api/yard/models/{NAME}/papers/{version.commit}"
    return info, client.get(address, headers=headers).content.decode()


def rows(version):
    return {
        file.path: (file.size, file.git_oid, file.sha256, file.left_out or bool(file.held_back))
        for file in version.files.all()
    }


def test_the_second_yard_has_the_same_list_and_scans_itself(yards, client):
    yard = yards.yard
    files = {"README.md": CARD, "config.json": TINY_CONFIG, "model.safetensors": safe()}
    yard.upstream.repos.repo(NAME, {**files, BAD: pytorch(evil=True)})
    yard.upstream.reload()
    first = yard.admit(NAME)
    info, sent = told_by(client, first)
    before = rows(first)
    assert before[BAD][-1] is True
    yards.become_another()
    levels = {one["path"]: one["level"] for one in info["securityRepoStatus"]["filesWithIssues"]}
    yard.upstream.change(NAME, security=levels)
    yard.upstream.reset()
    yard.upstream.config(yard=papers.YARD, papers={"body": sent}, siblings=info["siblings"])
    second = yard.admit(NAME)
    assert (second.commit, second.scan_verdict) == (first.commit, "clean")
    assert rows(second) == before | {BAD: (*before[BAD][:3], HELD_THERE)}
    assert BAD not in yard.moved()
    kept = papers_with(second)
    assert (kept["state"], kept["signer"]) == ("trusted", "the sender")
    assert kept["told"]["findings"]["error"] > 0  # of the file that is held back there
    assert kept["told"]["scan_verdict"] == "clean"
    client.force_login(User.objects.get(pk=yard.person(role=Role.VIEWER).user_id))
    page = client.get(f"/models/{second.model.slug}/files/").content.decode()
    assert HELD_THERE in page
