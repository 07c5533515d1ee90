"""Results that a card claims: typed, bounded, and named where they are malformed."""

from __future__ import annotations

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.evaluations import MOST, Evaluation, datasets_in, evaluations_in
from catalog.inspectors.front_matter import split

# The example of huggingface/hub-docs, modelcard.md, with values of its comments.
CARD = """---
datasets:
- common_voice
model-index:
- name: acme/voice
  results:
  - task:
      type: automatic-speech-recognition
      name: Speech Recognition
    dataset:
      type: common_voice
      name: Common Voice (French)
      config: fr
      split: test
      revision: 5503434ddd753f426f4b38109466949a1217c2bb
      args:
        language: fr
    metrics:
    - type: wer
      value: 20.90
      name: Test WER
      verified: true
    - type: cer
      value: 20.0 ± 1.2
    source:
      name: A leaderboard
      url: https://example.org/results
---
"""
RESULT = {"task": {"type": "t"}, "dataset": {"type": "d", "name": "D"}}
ONE = Evaluation("t", "d", "acc", 1, dataset_name="D")


def read(index):
    problems = Problems()
    return evaluations_in({"model-index": index}, problems), problems.found


def results(*metrics, **more):
    return [{"name": "n", "results": [{**RESULT, "metrics": list(metrics), **more}]}]


def test_results_are_read_as_the_hub_writes_them():
    problems = Problems()
    found = evaluations_in(split(CARD).data, problems)
    assert found == (
        Evaluation(
            task="automatic-speech-recognition",
            dataset="common_voice",
            metric="wer",
            value=20.9,
            task_name="Speech Recognition",
            dataset_name="Common Voice (French)",
            dataset_config="fr",
            dataset_split="test",
            metric_name="Test WER",
            source_name="A leaderboard",
            source_url="https://example.org/results",
            verified=True,
        ),
        Evaluation(
            task="automatic-speech-recognition",
            dataset="common_voice",
            metric="cer",
            value="20.0 ± 1.2",
            task_name="Speech Recognition",
            dataset_name="Common Voice (French)",
            dataset_config="fr",
            dataset_split="test",
            source_name="A leaderboard",
            source_url="https://example.org/results",
        ),
    )
    assert problems.found == []


def test_a_card_without_results_has_none_and_no_problem():
    assert read(None) == ((), [])
    assert read([]) == ((), [])
    assert read([{"name": "n", "results": []}]) == ((), [])


@pytest.mark.parametrize(
    "value",
    [None, True, float("nan"), float("inf"), 10**400, -1e300, "", ".nan", "-.inf", "NaN", [], {}],
)
def test_a_value_that_is_none_is_left_out_and_named(value):
    found, problems = read(results({"type": "acc", "value": value}, {"type": "acc", "value": 1}))
    assert found == (ONE,)
    words = "has 1 results without a task, dataset, metric or value"
    assert problems == [f"README.md: model-index {words}"]


@pytest.mark.parametrize(
    "result",
    [
        7,
        "text",
        {},
        {**RESULT, "metrics": None},
        {**RESULT, "metrics": {"type": "acc", "value": 1}},
        {**RESULT, "metrics": ["acc"]},
        {**RESULT, "task": "t", "metrics": [{"type": "acc", "value": 1}]},
        {**RESULT, "dataset": {"name": "D"}, "metrics": [{"type": "acc", "value": 1}]},
        {**RESULT, "metrics": [{"type": ["acc"], "value": 1}]},
    ],
)
def test_a_result_of_another_form_is_left_out_and_named(result):
    found, problems = read([{"results": [result]}, *results({"type": "acc", "value": 1})])
    assert (found, len(problems)) == ((ONE,), 1)


@pytest.mark.parametrize("index", [7, "text", {}, {"results": []}, [7], [{"results": {}}], [[]]])
def test_an_index_of_another_form_is_a_problem(index):
    found, problems = read(index)
    assert (found, len(problems)) == ((), 1)


def test_thousands_of_results_are_cut():
    many = ({"type": f"m{number}", "value": number} for number in range(5000))
    found, problems = read(results(*many))
    assert len(found) == MOST
    assert problems == [f"README.md: model-index has more than {MOST} results; the first are kept"]


def test_a_result_given_twice_is_one():
    assert read(results(*[{"type": "acc", "value": 1}] * 5000)) == ((ONE,), [])


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://user@host/", "//x", 7, "x" * 900])
def test_an_address_that_is_none_is_left_out(url):
    found, problems = read(results({"type": "acc", "value": 1}, source={"url": url}))
    assert (found, problems) == ((ONE,), [])


def test_verified_is_true_alone():
    for word in ("true", 1, None, "yes"):
        (found,), _ = read(results({"type": "acc", "value": 1, "verified": word}))
        assert not found.verified


def test_datasets_come_from_card_and_tags_each_once():
    tags = ("dataset:squad", "dataset:c4", "dataset:", "arxiv:1", "en")
    assert datasets_in({"datasets": ["c4", "c4", 7, "own/set"]}, tags) == ("c4", "own/set", "squad")
    assert datasets_in({"datasets": {"a": 1}}, ()) == ()
    assert datasets_in({}, ()) == ()
