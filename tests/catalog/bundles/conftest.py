"""A yard that sends, and an empty one that takes in."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as live

from catalog.bundles import signing
from catalog.services import bundle_export, bundle_import, bundle_keys
from core.storage.configured import content_store
from registry.callers import Caller
from registry.enums import Role, Scope, Tier
from registry.models import Content, Model, Tag
from scanning.models import Scan
from tests.catalog.bundles import making
from tests.catalog.conftest import make_yard, start_upstream, upstream, yard
from tests.standins.repos import RENAMED_TO

__all__ = ["make_yard", "start_upstream", "upstream", "yard"]
STEPS = ("verify", "store", "inspect", "license", "scan", "decide")
SHELL = Caller(name="command line", tier=Tier.PROFESSIONAL, scopes=frozenset(Scope))


class Yards:
    """Two yards in one database: what the first one sent is all that the second one has."""

    def __init__(self, yard, folder: Path) -> None:
        self.yard, self.folder = yard, folder
        self.file = folder / "sent.tar"

    def export(self, *names, quarantine="", file=None, key=None):
        wanted = bundle_export.choose(caller=SHELL, names=names, quarantine=quarantine)
        target = file or self.file
        bundle_export.write_bundle(
            target, wanted, key=key or bundle_keys.signing_key(), report=lambda *_: None
        )
        return target

    def become_another(self, *, trust=True):
        """Forget every model, content and report, as a yard that never saw them."""
        pem = bundle_keys.public_key().encode()
        Model.objects.all().delete()
        Content.objects.all().delete()
        Scan.objects.all().delete()
        Tag.objects.all().delete()
        live.STORE_DIR = self.folder / "other-store"
        live.MODELS_DIR = self.folder / "models"
        (live.MODELS_DIR / "bundles").mkdir(parents=True)
        content_store.cache_clear()
        content_store().prepare()
        if trust:
            bundle_keys.trust_key(caller=SHELL, pem=pem, name="the sender")

    def trust_maker(self):
        """Trust the key of bundles that tests make by hand."""
        pem = signing.public_pem(making.KEY.public_key())
        bundle_keys.trust_key(caller=SHELL, pem=pem, name="the maker")

    def take_in(self, file=None, *, quarantine=False, caller=None):
        """Import and do all that follows."""
        caller = caller or self.yard.person(role=Role.ADMIN)
        path = str(file or self.file)
        row = bundle_import.request_import(caller=caller, name=path, quarantine=quarantine)
        return self.yard.drive(row.run)

    def drop(self, name="sent.tar") -> Path:
        """Put the bundle where people put those that came by a disk."""
        place = live.MODELS_DIR / "bundles" / name
        place.write_bytes(self.file.read_bytes())
        return place


@pytest.fixture
def yards(yard, settings, tmp_path):
    settings.BUNDLE_KEY = None
    settings.MODELS_DIR = tmp_path / "models"
    bundle_keys.make_key(caller=SHELL)
    return Yards(yard, tmp_path)


@pytest.fixture
def sent(yards):
    """A bundle with one admitted version, and the yard that it came to."""
    yards.version = yards.yard.admit(RENAMED_TO)
    yards.files = {
        file.path: content_store().read_range(file.sha256, 0, file.size)
        for file in yards.version.files.all()
    }
    yards.export(yards.version.model.slug)
    yards.become_another()
    return yards


@pytest.fixture
def stranger():
    return signing.new_key()
