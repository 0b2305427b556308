"""Image files are kept, dropped and turned as real releases did it; ``image_cases/answers.jsonl`` has their answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yolo_assign_trace.inputs.datasets.image_check import check_image

FOLDER = Path(__file__).parent / "image_cases"
CASES = [json.loads(line) for line in (FOLDER / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
TOLD_BY_DECODING = {"29_bad_crc.png"}  # whose pixels have to be read
ANSWERS = [
    (case["file"], release, answer)
    for case in CASES
    for answer in case["answers"]
    for release in dict.fromkeys([answer["first"], answer["last"]])
]


@pytest.mark.parametrize("decode", [False, True], ids=["header and end", "decoded"])
@pytest.mark.parametrize(("file", "release", "answer"), ANSWERS, ids=lambda value: str(value)[:20])
def test_an_image_is_what_the_release_took_it_for(file: str, release: str, answer: dict, decode: bool) -> None:
    major, minor, patch = map(int, release.split("."))
    checked = check_image(str(FOLDER / file), (major, minor, patch), decode=decode)
    if file in TOLD_BY_DECODING and not decode:
        assert not checked.problem
        return
    assert bool(checked.problem) == ("dropped" in answer)
    if not checked.problem:
        assert checked.checked == tuple(answer["checked_wh"])
        assert checked.size == tuple(answer["decoded_wh"])
        assert checked.rewritten == answer.get("rewritten", False)


def test_what_cannot_be_opened_is_a_problem_in_words(tmp_path) -> None:
    assert check_image(str(tmp_path / "none.jpg")).problem == "there is no such image"
    (tmp_path / "text.jpg").write_text("no image")
    assert check_image(str(tmp_path / "text.jpg")).problem == "its header is no image's"
