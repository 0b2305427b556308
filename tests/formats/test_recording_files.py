"""Lines of a recording read back."""

from __future__ import annotations

import pytest

from yolo_assign_trace import InputError
from yolo_assign_trace.formats.recording import call_file, entry_file, ranks, read_lines, runs

READ = [
    # content, what is read
    (b"", []),
    (b'{"a":1}\n', [{"a": 1}]),
    (b'{"a":1}\n{"a":2}', [{"a": 1}]),  # the last line was cut off, though it looks whole
    (b'{"a":1}\n{"a"', [{"a": 1}]),
]


@pytest.mark.parametrize(("content", "expected"), READ)
def test_lines(tmp_path, content, expected):
    (tmp_path / "x.jsonl").write_bytes(content)
    assert list(read_lines(tmp_path / "x.jsonl")) == expected


@pytest.mark.parametrize("line", [b"{", b"[1]", b"nothing", b"\xff"])
def test_another_line_is_an_error_with_its_number(tmp_path, line):
    (tmp_path / "x.jsonl").write_bytes(b'{"a":1}\n' + line + b"\n{}\n")
    with pytest.raises(InputError) as caught:
        list(read_lines(tmp_path / "x.jsonl"))
    assert (caught.value.id, caught.value.where) == ("not-a-recording", f"{tmp_path / 'x.jsonl'}:2")


def test_no_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        list(read_lines(tmp_path / "x.jsonl"))


def test_names(tmp_path):
    assert entry_file("counts", 3) == "counts-rank3.jsonl"
    assert call_file(7, "one2one", 1, 0) == "step000007-one2one-rank0.safetensors"
    assert call_file(1_234_567, "one2many", 2, 11) == "step1234567-one2many-2-rank11.safetensors"
    for rank in (0, 2, 10):
        (tmp_path / entry_file("run", rank)).write_text("")
    (tmp_path / "run-2").mkdir()
    (tmp_path / "run-2" / entry_file("run", 0)).write_text("")
    (tmp_path / "run-3").mkdir()
    (tmp_path / "run-rankx.jsonl").write_text("")
    assert ranks(tmp_path) == [0, 2, 10]
    assert runs(tmp_path) == [tmp_path, tmp_path / "run-2"]
