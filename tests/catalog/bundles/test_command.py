"""`manage.py bundle`: what a person at a shell sees and what it refuses."""

from __future__ import annotations

import io
import re
import stat
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from catalog.bundles import signing
from catalog.bundles.reader import read_head
from catalog.models import TrustedKey
from catalog.services import bundle_export, bundle_keys
from registry.models import AuditEvent, ModelVersion
from tests.standins.repos import RENAMED_TO


def bundle(*words) -> str:
    out = io.StringIO()
    call_command("bundle", *map(str, words), stdout=out)
    return out.getvalue()


@pytest.fixture
def ready(yards):
    yards.version = yards.yard.admit(RENAMED_TO)
    return yards


def test_a_bundle_goes_out_and_comes_in_by_commands(ready):
    told = bundle("export", ready.file, f"{ready.version.model.slug}@1")
    assert re.search(r"1 versions?, .* manifest [0-9a-f]{64}", told)
    assert not ready.file.with_name("sent.tar.partial").exists()
    ready.become_another()
    told = bundle("inspect", ready.file)
    assert "Signed by the sender" in told
    assert "All hashes hold." in told
    assert f"{RENAMED_TO}@{ready.version.commit}" in told
    assert "admitted for lite and above" in bundle("import", ready.file)
    assert ModelVersion.objects.get().admission == "admitted"


def test_an_unknown_key_is_told_with_what_is_inside(ready, capsys):
    bundle("export", ready.file, ready.version.model.slug)
    ready.become_another(trust=False)
    out = io.StringIO()
    with pytest.raises(CommandError, match="No key that this yard trusts"):
        call_command("bundle", "inspect", str(ready.file), stdout=out)
    assert ready.version.commit in out.getvalue()
    assert "All hashes hold." in out.getvalue()
    with pytest.raises(CommandError, match="bundle trust"):
        bundle("import", ready.file)
    assert not ModelVersion.objects.exists()


def test_an_export_overwrites_nothing(ready):
    ready.file.write_bytes(b"mine")
    with pytest.raises(CommandError, match="there already"):
        bundle("export", ready.file, ready.version.model.slug)
    assert ready.file.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["no--such", "acme--new-name@99", "acme--new-name@ffffff"])
def test_what_is_not_there_is_not_exported(ready, name):
    with pytest.raises(CommandError):
        bundle("export", ready.file, name)
    assert not ready.file.exists()


def test_an_export_that_was_stopped_is_continued_by_the_same_command(ready, monkeypatch):
    with monkeypatch.context() as earlier:
        an_hour_ago = timezone.now() - timedelta(hours=1)
        earlier.setattr(bundle_export, "timezone", SimpleNamespace(now=lambda: an_hour_ago))
        whole = ready.export(ready.version.model.slug, file=ready.folder / "once.tar").read_bytes()
    places = read_head(io.BytesIO(whole)).places()
    largest = max((one for one in places if one.member.is_content), key=lambda one: one.member.size)
    partial = ready.file.with_name("sent.tar.partial")
    partial.write_bytes(whole[: largest.body + largest.member.size // 2])
    bundle("export", ready.file, ready.version.model.slug)
    assert ready.file.read_bytes() == whole  # even the moment it was begun is the same


def test_a_partial_file_of_another_wish_is_begun_anew(ready):
    foreign = ready.export(ready.version.model.slug, file=ready.folder / "x.tar", quarantine="a")
    partial = ready.file.with_name("sent.tar.partial")
    partial.write_bytes(foreign.read_bytes())
    bundle("export", ready.file, ready.version.model.slug)
    assert "For quarantine" not in bundle("key")
    assert b"manifest.json" in ready.file.read_bytes()[:20]
    ready.become_another()
    assert "For quarantine" not in bundle("inspect", ready.file)


def test_a_bundle_cut_off_or_foreign_is_refused_with_the_way_on(ready):
    bundle("export", ready.file, ready.version.model.slug)
    whole = ready.file.read_bytes()
    ready.file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CommandError, match=r"cut off.*Copy it again"):
        bundle("inspect", ready.file)
    ready.file.write_bytes(b"PK\x03\x04" + bytes(100_000))
    with pytest.raises(CommandError, match="no bundle"):
        bundle("inspect", ready.file)
    with pytest.raises(CommandError, match="There is no bundle"):
        bundle("import", "not-there.tar")


def test_the_key_is_made_once_for_its_owner_alone(settings, tmp_path, db):
    settings.BUNDLE_KEY = tmp_path / "keys" / "bundle.pem"
    told = bundle("keygen")
    mode = stat.S_IMODE(settings.BUNDLE_KEY.stat().st_mode)
    assert (mode, "BEGIN PUBLIC KEY" in told, "PRIVATE" in told) == (0o600, True, False)
    before = settings.BUNDLE_KEY.read_bytes()
    with pytest.raises(CommandError, match="already"):
        bundle("keygen")
    assert settings.BUNDLE_KEY.read_bytes() == before
    assert bundle("key") in told


def test_keys_are_trusted_listed_and_forgotten(settings, tmp_path, db, stranger):
    file = tmp_path / "k.pem"
    file.write_bytes(signing.public_pem(stranger.public_key()))
    identity = signing.key_id(stranger.public_key())
    assert identity in bundle("trust", file, "--name", "North yard")
    assert "North yard" in bundle("trust")
    with pytest.raises(CommandError, match="trusted already"):
        bundle("trust", file, "--name", "Again")
    with pytest.raises(CommandError, match="Say whose key"):
        bundle("trust", file)
    assert "not trusted any more" in bundle("untrust", identity[:12])
    assert not TrustedKey.objects.exists()
    told = AuditEvent.objects.filter(subject=identity).values_list("action", flat=True)
    assert sorted(told) == ["bundle.trust", "bundle.untrust"]
    with pytest.raises(CommandError):
        bundle("untrust", "")


def test_a_private_key_is_not_taken_for_a_public_one(tmp_path, db, stranger):
    file = tmp_path / "k.pem"
    file.write_bytes(signing.private_pem(stranger))
    with pytest.raises(CommandError, match="no public key"):
        bundle("trust", file, "--name", "x")


def test_a_command_can_act_as_a_person_who_may_not(ready):
    viewer = ready.yard.person()
    with pytest.raises(CommandError, match="operators and curators"):
        bundle("export", ready.file, ready.version.model.slug, "--by", viewer.name)
    with pytest.raises(CommandError, match="There is no user"):
        bundle("export", ready.file, ready.version.model.slug, "--by", "nobody")
    assert bundle_keys.trusted_keys() == {}
