from __future__ import annotations

import pytest

from scanning.policy import FileScan, Fold, fold, fold_file
from scanning.scanners import Verdict

C, S, U, I = Verdict.CLEAN, Verdict.SUSPICIOUS, Verdict.UNSAFE, Verdict.INCOMPLETE  # noqa: E741


def file(path: str = "a", understanding: str = "pickle", **verdicts: Verdict) -> FileScan:
    return FileScan(path, frozenset(verdicts), frozenset({understanding}), verdicts)


@pytest.mark.parametrize(
    ("pickle", "clamav", "expected"),
    [
        (C, C, C),
        (C, S, S),
        (C, I, I),
        (C, U, U),
        (S, I, S),
        (S, U, U),
        (I, C, I),
        (I, U, U),
        (U, C, U),
        (U, I, U),
    ],
)
def test_the_worst_answer_counts(pickle, clamav, expected):
    assert fold_file(file(pickle=pickle, clamav=clamav)).verdict is expected


def test_an_expected_engine_without_a_report_makes_it_incomplete():
    scan = FileScan("a", frozenset({"pickle", "clamav"}), frozenset({"pickle"}), {"pickle": C})
    assert fold_file(scan) == Fold(I, ("a: clamav has not reported",))


def test_a_finding_beats_a_missing_report():
    scan = FileScan("a", frozenset({"pickle", "clamav"}), frozenset({"pickle"}), {"pickle": U})
    assert fold_file(scan).verdict is U


def test_a_file_that_only_a_signature_engine_saw_is_incomplete():
    scan = FileScan("model.xyz", frozenset({"clamav"}), frozenset(), {"clamav": C})
    assert fold_file(scan) == Fold(I, ("model.xyz: no engine covers this kind of file",))


def test_a_file_that_nobody_handles_is_incomplete():
    assert fold_file(FileScan("a", frozenset(), frozenset({"pickle"}), {})).verdict is I


def test_a_report_of_an_engine_no_longer_expected_still_counts():
    scan = FileScan("a", frozenset({"pickle"}), frozenset({"pickle"}), {"pickle": C, "old": U})
    assert fold_file(scan).verdict is U


def test_a_clean_file_does_not_hide_an_infected_one():
    result = fold([file("a", pickle=C), file("b", pickle=U), file("c", pickle=I)])
    assert result.verdict is U
    assert result.reasons == ("b: pickle says unsafe", "c: pickle says incomplete")


def test_the_reason_is_what_the_engine_found_where_it_said_so():
    scan = FileScan(
        "b", frozenset({"pickle"}), frozenset({"pickle"}), {"pickle": U}, {"pickle": "calls x.y"}
    )
    assert fold([scan]).reasons == ("b: calls x.y (pickle)",)


def test_a_version_of_clean_files_is_clean_without_reasons():
    assert fold([file("a", pickle=C), file("b", pickle=C)]) == Fold(C)


def test_a_version_without_files_is_incomplete():
    assert fold([]).verdict is I
