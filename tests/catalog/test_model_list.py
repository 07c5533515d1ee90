"""models.txt: a line each, and a faulty one blocks no other."""

from __future__ import annotations

import pytest

from catalog.model_list import MINIMAL, MOST_LINES, read_list


def faults(text):
    data = text if isinstance(text, bytes) else text.encode()
    return [str(fault) for fault in read_list(data).faults]


def test_lines_comments_and_blanks():
    read = read_list(
        b"\xef\xbb\xbf# ours\r\n\r\nacme/one # the first\nacme/two@v1  or=acme/three or=disk:four\n"
        b"disk:with a blank.gguf\nhttps://huggingface.co/acme/five#files\n"
    )
    assert [(line.number, line.names) for line in read.lines] == [
        (3, ("acme/one",)),
        (4, ("acme/two@v1", "acme/three", "disk:four")),
        (5, ("disk:with a blank.gguf",)),
        (6, ("https://huggingface.co/acme/five#files",)),
    ]
    assert read.faults == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("acme/one token=hf_x", "no option 'token=hf_x'. Known: or=URI"),
        ("acme/one or=", "no option 'or='"),
        ("x" * 501, "longer than 500"),
        ("acme/\x1b[31m", "not printable"),
        (b"acme/\xff", "no UTF-8"),
    ],
)
def test_a_faulty_line_is_told_by_its_number_and_the_others_stay(line, said):
    data = b"acme/before\n" + (line if isinstance(line, bytes) else line.encode()) + b"\nacme/after"
    read = read_list(data)
    assert [line.uri for line in read.lines] == ["acme/before", "acme/after"]
    (fault,) = read.faults
    assert fault.number == 2
    assert said in fault.reason


def test_a_model_that_stands_twice_is_told():
    assert faults("acme/one\nacme/one or=acme/two") == [
        "line 2: 'acme/one' stands in line 1 already"
    ]


def test_a_list_without_end_is_cut():
    read = read_list(b"".join(b"acme/m%d\n" % n for n in range(MOST_LINES + 5)))
    assert len(read.lines) == MOST_LINES
    assert read.faults[0].number == MOST_LINES + 1


def test_the_minimal_set_is_the_one_of_the_contract():
    assert [line.names for line in read_list(MINIMAL.encode()).lines] == [
        ("deepseek-ai/Janus-Pro-1B",),
        ("unsloth/Qwen2.5-Omni-3B-GGUF", "ggml-org/Qwen2.5-Omni-3B-GGUF"),
    ]
