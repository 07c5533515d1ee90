"""Rows of the registry, valid by default; hashes are those of the bytes that are given."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import factory
from django.utils import timezone

from core.storage import ContentStore, content_key
from registry import tokens
from registry.enums import Admission, LicenseClass, ScanVerdict, Scope, Tier
from registry.models import ApiKey, Content, Model, ModelFile, ModelVersion, Served, User
from registry.services.heads import refresh_head


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence("person{}".format)
    tier = Tier.PROFESSIONAL


class ApiKeyFactory(factory.django.DjangoModelFactory):
    """A key that carries its token as `key.token`, which no row keeps."""

    class Meta:
        model = ApiKey

    token = factory.Sequence("hf_{:0>40}".format)
    user = factory.SubFactory(UserFactory)
    name = "key"
    prefix = factory.LazyAttribute(lambda key: key.token[:8])
    digest = factory.LazyAttribute(lambda key: tokens.digest(key.token))
    scopes = [Scope.READ.value]
    tier_cap = factory.SelfAttribute("user.tier")

    @classmethod
    def _create(cls, model_class, *, token, **values):
        key = super()._create(model_class, **values)
        key.token = token
        return key


class ModelFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Model

    source = "huggingface"
    repo_id = factory.Sequence("acme/model-{}".format)
    author = factory.LazyAttribute(lambda model: model.repo_id.rpartition("/")[0])
    name = factory.LazyAttribute(lambda model: model.repo_id.rpartition("/")[2])
    slug = factory.LazyAttribute(lambda model: model.repo_id.lower().replace("/", "--"))
    tier = Tier.LITE
    tier_by_curator = True
    updated_at = factory.LazyFunction(timezone.now)


class VersionFactory(factory.django.DjangoModelFactory):
    """A pinned version, admitted unless told otherwise; its model's head is brought up to date.

    `files` maps paths to bytes, kept in `store` where one is given; `lfs` names those of LFS.
    """

    class Meta:
        model = ModelVersion

    model = factory.SubFactory(ModelFactory)
    number = factory.LazyAttribute(lambda version: version.model.versions.count() + 1)
    commit = factory.LazyAttribute(
        lambda version: _git_id(f"{version.model.repo_id} {version.number}".encode())
    )
    admission = Admission.ADMITTED
    scan_verdict = ScanVerdict.CLEAN
    license_spdx = "Apache-2.0"
    license_class = LicenseClass.PERMISSIVE
    lowest_tier = Tier.LITE
    decided_at = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class, *, admission, files=None, store=None, lfs=(), **values):
        version = super()._create(model_class, **values)  # pending: what is pinned takes no files
        files = files or {}
        for path, data in files.items():
            add_file(version, path, data, store=store, is_lfs=path in lfs)
        version.file_count, version.size_bytes = len(files), sum(map(len, files.values()))
        version.pinned_at, version.admission = timezone.now(), admission
        version.save()
        refresh_head(version.model)
        return version


def add_file(
    version: ModelVersion, path: str, data: bytes, *, store: ContentStore | None, is_lfs: bool
) -> ModelFile:
    """Add a file whose content is verified; its bytes are in `store` where one is given."""
    sha256 = hashlib.sha256(data).hexdigest()
    if store is not None:
        with tempfile.NamedTemporaryFile(delete=False) as staged:
            staged.write(data)
        store.put(Path(staged.name), sha256, len(data))
    content, _ = Content.objects.get_or_create(
        sha256=sha256, defaults={"size": len(data), "storage_key": content_key(sha256)}
    )
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {len(data)}\n"
    kept = text.encode() if is_lfs else data
    return ModelFile.objects.create(
        version=version,
        path=path,
        size=len(data),
        git_oid=_git_id(b"blob %d\0" % len(kept) + kept),
        sha256=sha256,
        is_lfs=is_lfs,
        content=content,
    )


def _git_id(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()  # noqa: S324 git's own


class ServedFactory(factory.django.DjangoModelFactory):
    """Ten bytes of a file of a version, promised just now."""

    class Meta:
        model = Served

    version = factory.SubFactory(VersionFactory)
    model = factory.SelfAttribute("version.model")
    at = factory.LazyFunction(timezone.now)
    actor = "ada"
    source = factory.SelfAttribute("model.source")
    repo_id = factory.SelfAttribute("model.repo_id")
    commit = factory.SelfAttribute("version.commit")
    path = "weights.bin"
    sha256 = "a" * 64
    size = 100
    start = 0
    length = 10
    client = "curl/8"
    protocol = "hub"
