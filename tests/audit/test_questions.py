"""The questions that docs/audit.md asks of the tables are answered, and its Python runs. Skipped without engines."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ROOT, Outcome
from tests.inputs.datasets.made import put, put_all, put_images

TEXT = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
SQL, PYTHON = (re.findall(rf"```{name}\n(.*?)```", TEXT, re.DOTALL) for name in ("sql", "python"))
SMALL, TINY, LARGE = "1 .3 .3 .03 .03\n", "1 .503 .503 .004 .004\n", "0 .5 .5 .5 .5\n"


@pytest.fixture
def tables(yolo_assign: Callable[..., Outcome]) -> None:
    """The tables of three pictures, 40x30 px: the largest box has 1560 candidates at 640 px, the tiny ones none."""
    pytest.importorskip("pyarrow")
    put("data.yaml", "train: images\nval: images\nnames: [car, bird]\n")
    put_images("a", "b", "c")
    put_all({"labels/a.txt": LARGE + TINY, "labels/b.txt": SMALL + TINY, "labels/c.txt": LARGE})
    (command,) = re.findall(r"yolo-assign (audit data.yaml .*--parquet.*)", TEXT)
    assert yolo_assign(*command.split()).code == 0


def test_there_are_five_questions():
    assert (len(SQL), len(PYTHON)) == (3, 3)  # the last one is no question


ANSWERS = [
    # what the queries find
    [("labels/a.txt", 1), ("labels/b.txt", 1)],
    [(1, 3, 2, 2), (0, 2, 0, 0)],
    [(0.0, 0.0), (1.0, 0.0), (17.0, 1.0)],
]


@pytest.mark.parametrize(("query", "rows"), list(zip(SQL, ANSWERS, strict=True)), ids=["files", "classes", "sizes"])
def test_questions_to_duckdb(tables, query, rows):
    duckdb = pytest.importorskip("duckdb")
    assert duckdb.sql(query).fetchall() == rows


def answer_of(code: str) -> Any:
    names: dict[str, Any] = {}
    exec(code, names)
    return names["answer"].rows()


def test_questions_to_polars(tables):
    pytest.importorskip("polars")
    dense, levels = answer_of(PYTHON[0]), answer_of(PYTHON[1])
    assert [(file, boxes, pairs) for file, boxes, pairs, _ in dense] == [
        ("labels/a.txt", 2, 16800),
        ("labels/b.txt", 2, 16800),
        ("labels/c.txt", 1, 8400),
    ]
    assert dense[2][3] == 1560 / 8400
    assert levels[0] == (0, 2, 1200, 280, 80)
    assert [row[:2] for row in levels] == [(0, 2), (1, 3)]


def test_python_runs_as_shown(yolo_assign, folder: Path, capsys):
    put("data.yaml", "train: images\nval: images\nnames: [car, bird]\n")
    put_images("a")
    put("labels/a.txt", LARGE + TINY)
    exec(PYTHON[2], {})
    assert "never 1 of 2 boxes (50.0 %) have no candidate at 640 yolov8 8.3.253" in capsys.readouterr().out
