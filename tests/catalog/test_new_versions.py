"""A second version of a model: what moves, what is scanned, and what is told of it."""

from __future__ import annotations

import pytest

from catalog.models import VersionText
from core.storage.configured import content_store
from scanning.models import Scan
from tests.standins.repos import MINILM, MOVING, RENAMED_TO, TINY_CONFIG, minilm

pytestmark = pytest.mark.django_db
CARD = "---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n\nTiny.\n"


def sent(upstream):
    return sum(entry["sent"] for entry in upstream.log())


def test_a_version_with_another_readme_moves_and_scans_that_alone(make_yard, start_upstream):
    upstream = start_upstream(minilm)
    yard = make_yard(upstream)
    first = yard.admit(MINILM)
    assert first.size_bytes > 80_000_000
    scans = set(Scan.objects.values_list("pk", "scanned_at"))
    card = (upstream.repos.root / "models" / MINILM / "README.md").read_text()
    upstream.push(MINILM, {"README.md": f"{card}\nA word more.\n"})
    upstream.reset()

    second = yard.admit(MINILM)

    assert second.number == 2
    assert sent(upstream) < 1_000_000
    assert len(yard.staged()) == 0
    readme = second.files.get(path="README.md")
    new = set(Scan.objects.values_list("pk", "scanned_at")) - scans
    assert {Scan.objects.get(pk=pk).sha256 for pk, _ in new} == {readme.sha256}
    assert second.changes.startswith("Model card changed; README.md changed (")
    reused = second.files.exclude(path="README.md").values_list("content", flat=True)
    assert set(reused) <= set(first.files.values_list("content", flat=True))
    assert content_store().exists(readme.sha256)


def test_changes_tell_what_is_new_since_the_version_before(yard):
    upstream = yard.upstream
    first = yard.version(yard.bring(RENAMED_TO))
    assert first.changes == "The first version in this yard."
    upstream.push(
        RENAMED_TO,
        {
            "config.json": TINY_CONFIG | {"max_position_embeddings": 1024},
            "README.md": CARD.replace("apache-2.0", "cc-by-nc-4.0"),
            "chat_template.jinja": "{{ messages }}",
        },
    )
    second = yard.version(yard.bring(RENAMED_TO))
    assert second.parent == first
    assert second.changes.replace("\u00a0", " ").startswith(
        "License Apache-2.0 → CC-BY-NC-4.0; license class permissive → non-commercial;"
        " context length 512 → 1024; model card changed; chat template added;"
        " chat_template.jinja added, README.md and config.json changed ("
    )
    kinds = second.texts.values_list("kind", "path")
    assert set(kinds) == {("card", "README.md"), ("chat_template", "chat_template.jinja")}


def test_a_text_that_did_not_change_is_taken_from_the_version_before(yard):
    upstream = yard.upstream
    template = {"chat_template": "{{ x }}", "padding": "y" * 1000}
    upstream.push(RENAMED_TO, {"tokenizer_config.json": template, "LICENSE": "Apache 2\n"})
    first = yard.version(yard.bring(RENAMED_TO))
    upstream.push(RENAMED_TO, {"README.md": f"{CARD}More.\n"})
    upstream.reset()
    run = yard.ask(RENAMED_TO).run
    yard.drive(run, until="license")
    second = yard.version(run)
    assert "LICENSE" not in yard.moved()  # the tokenizer is read as configuration, as ever
    texts = dict(VersionText.objects.filter(version=second).values_list("kind", "body"))
    assert texts == {
        "card": f"{CARD}More.\n",
        "chat_template": "{{ x }}",
        "license": "Apache 2\n",
    }
    assert first.texts.count() == 3


def test_a_template_that_hid_behind_another_is_read_when_that_one_goes(yard):
    upstream = yard.upstream
    files = {"tokenizer_config.json": {"chat_template": "old"}, "chat_template.jinja": "new"}
    upstream.push(RENAMED_TO, files)
    first = yard.version(yard.bring(RENAMED_TO))
    upstream.push(RENAMED_TO, {"chat_template.jinja": None})
    second = yard.version(yard.bring(RENAMED_TO))
    bodies = [v.texts.get(kind="chat_template").body for v in (first, second)]
    assert bodies == ["new", "old"]


def test_inspecting_again_writes_the_same_texts_and_words(yard):
    run = yard.ask(MOVING).run
    yard.drive(run, until="license")
    run.steps.filter(name="inspect").update(state="waiting")
    yard.drive(run)
    version = yard.version(run)
    assert version.texts.count() == 1
    assert version.changes == "The first version in this yard."
