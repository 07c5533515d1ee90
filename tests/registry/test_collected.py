"""Lists that were collected elsewhere: what is kept of them, and what follows their changes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.core.management import CommandError, call_command

from core.errors import InvalidInputError
from registry.enums import CollectedName
from registry.models import AuditEvent, CollectedList, Model
from registry.runtimes import NOTHING_COLLECTED, Collected
from registry.selectors.runtimes import runtime_facts
from registry.services.collected import MOST_ITEMS, record_collected
from registry.services.judging import RULES, judge_again
from tests.factories.registry import VersionFactory

pytestmark = pytest.mark.django_db
VLLM = CollectedName.VLLM_ARCHITECTURES
CONFIG = {"architecture": "QuuxForCausalLM", "formats": ["safetensors"]}


def record(*items, day=3, source="docs.vllm.ai"):
    at = datetime(2026, 6, day, tzinfo=UTC)
    return record_collected(
        name=VLLM, items=items, source=source, collected_at=at, caller="collector"
    )


def test_nothing_is_known_before_somebody_looked():
    assert runtime_facts() == NOTHING_COLLECTED


def test_a_list_is_kept_with_its_source_and_day(django_assert_num_queries):
    record("LlamaForCausalLM", "BertModel", "BertModel")
    with django_assert_num_queries(1):
        facts = runtime_facts()
    names = frozenset({"LlamaForCausalLM", "BertModel"})
    assert facts.vllm_architectures == Collected(names, "docs.vllm.ai", date(2026, 6, 3))
    assert facts.generation == 1


def test_models_are_judged_again_when_the_list_changes():
    model = VersionFactory(model_type="llm", config=CONFIG, files={"a": b"a"}).model
    model.refresh_from_db()
    assert ("vllm" in model.runtimes, model.judged_by) == (False, RULES)
    record("QuuxForCausalLM")
    assert judge_again() == 1
    model.refresh_from_db()
    assert ("vllm" in model.runtimes, model.judged_by) == (True, RULES + 1)
    assert judge_again() == 0
    record("LlamaForCausalLM")
    assert judge_again() == 1
    model.refresh_from_db()
    assert "vllm" not in model.runtimes


def test_a_new_head_is_judged_by_the_list():
    record("QuuxForCausalLM")
    model = VersionFactory(model_type="llm", config=CONFIG, files={"a": b"a"}).model
    model.refresh_from_db()
    assert ("vllm" in model.runtimes, model.judged_by) == (True, RULES + 1)
    assert judge_again() == 0


def test_the_same_list_read_later_judges_nothing_again():
    VersionFactory(model_type="llm", config=CONFIG, files={"a": b"a"})
    record("BertModel", "LlamaForCausalLM")
    judge_again()
    record("LlamaForCausalLM", "BertModel", day=9, source="github.com/vllm-project/vllm")
    assert judge_again() == 0
    assert runtime_facts().vllm_architectures.on == date(2026, 6, 9)
    assert runtime_facts().vllm_architectures.source == "github.com/vllm-project/vllm"
    assert set(Model.objects.values_list("judged_by", flat=True)) == {RULES + 1}


def test_what_changed_is_in_the_audit_trail():
    record("A", "B")
    record("B", "C", "D")
    details = AuditEvent.objects.filter(action="collected.record").first().details
    assert details == {"source": "docs.vllm.ai", "items": 3, "added": 2, "removed": 1}


@pytest.mark.parametrize(
    "items",
    [
        (),
        ("<script>",),
        ("a b",),
        ("",),
        ("x" * 201,),
        ("nul\x00",),
        ("LlamaForCausalLM\n",),
        tuple(f"A{number}" for number in range(MOST_ITEMS + 1)),
    ],
)
def test_a_list_that_is_none_is_refused_and_the_one_before_stays(items):
    record("LlamaForCausalLM")
    with pytest.raises(InvalidInputError):
        record(*items)
    assert runtime_facts().vllm_architectures.names == {"LlamaForCausalLM"}


@pytest.mark.parametrize("source", ["", "x" * 401, "a\nb"])
def test_a_list_says_where_it_is_from(source):
    with pytest.raises(InvalidInputError, match="source"):
        record("LlamaForCausalLM", source=source)


def test_the_command_takes_one_name_a_line(tmp_path, capsys):
    path = tmp_path / "list.txt"
    path.write_text("# text\nLlamaForCausalLM\n\nBertModel  # embeddings\n")
    call_command("collected", VLLM, str(path), "--source", "docs.vllm.ai")
    assert capsys.readouterr().out == "vllm_architectures: 2 names, generation 1\n"
    assert CollectedList.objects.get().items == ["BertModel", "LlamaForCausalLM"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"# nothing\n", "empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * ((1 << 20) + 1), "larger than a megabyte"),
        (b"<html>\n", "is no name"),
        (None, "cannot be read"),
    ],
)
def test_the_command_says_what_is_wrong_with_a_file(tmp_path, content, words):
    path = tmp_path / "list.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=words):
        call_command("collected", VLLM, str(path), "--source", "docs.vllm.ai")
    assert not CollectedList.objects.exists()
