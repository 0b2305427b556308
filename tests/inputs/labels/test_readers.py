"""Three readers of label files agree: many plain files at once, a good file at once, and row by row; none is silent."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.inputs.labels.fuzz_labels import RULED_BY, label_file_strategy, nothing_is_silent
from tests.inputs.labels.golden_labels import cases
from yolo_assign_trace.inputs.datasets import survey as survey_module
from yolo_assign_trace.inputs.datasets.dataset import open_dataset
from yolo_assign_trace.inputs.datasets.plain_files import Plain, read_plain
from yolo_assign_trace.inputs.datasets.survey import SurveySettings, survey
from yolo_assign_trace.inputs.labels import text as label_text
from yolo_assign_trace.inputs.labels.rules import TODAY, rules_as
from yolo_assign_trace.inputs.labels.text import parse_labels

pytestmark = [
    pytest.mark.filterwarnings("error"),  # numpy has nothing to say beside the findings
    pytest.mark.filterwarnings("default::pytest.PytestUnraisableExceptionWarning"),  # what other tests left to collect
]
NOW = TODAY.name
GOLDEN = cases("label_cases")
COUNTS = sorted({case["nc"] for case in GOLDEN})
PLAIN = 50
"""So many golden files are plain under every release."""


# --- a good file at once, and row by row -----------------------------------------------------------------------------

EXAMPLES = settings(max_examples=400, deadline=None, derandomize=True)
releases = st.sampled_from(RULED_BY)


def both_read(data: bytes, release: str, nc: int | None, *, batch: bool) -> None:
    rules = rules_as(release)
    fast = parse_labels(data, "a.txt", rules, nc, batch=batch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(label_text, "_all_at_once", lambda *arguments: None)
        slow = parse_labels(data, "a.txt", rules, nc, batch=batch)
    assert fast.rows.tobytes() == slow.rows.tobytes()
    assert (fast.lines.tolist(), fast.form, fast.findings) == (slow.lines.tolist(), slow.form, slow.findings)


@EXAMPLES
@given(label_file_strategy(), releases, st.sampled_from([None, 1, 3]), st.booleans())
@example(b"0 .5 .5 .5 .5\n0 .5 .5 .5 .5", NOW, None, False)
@example(b"-0 -0 0 0 0", NOW, 1, False)
def test_all_at_once_a_file_is_what_it_is_row_by_row(data, release, nc, batch):
    both_read(data, release, nc, batch=batch)


@pytest.mark.parametrize("release", RULED_BY)
def test_so_are_the_golden_files(release):
    for case in GOLDEN:
        both_read(base64.b64decode(case["bytes"]), release, case["nc"], batch=False)


@EXAMPLES
@given(label_file_strategy(), releases, st.sampled_from([None, 1, 3]), st.booleans())
@example(b"\xef\xbb\xbf0 .5 .5 .5 .5", "8.4.60", None, False)
@example(b"\x0c\x1c\xc2\x85", NOW, None, False)  # white space that only Python knows
@example(b"0 .5 .5 .5 .5\n \n0 .5 .5 .4 .4", "8.4.164", None, False)
def test_nothing_is_changed_or_dropped_in_silence(data, release, nc, batch):
    nothing_is_silent(data, rules_as(release), nc, batch)


# --- many plain files at once ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def golden_folders(tmp_path_factory):
    """The golden files by their number of classes, a folder each."""
    folders = {nc: tmp_path_factory.mktemp(f"classes_{nc}") for nc in COUNTS}
    for number, case in enumerate(GOLDEN):
        (folders[case["nc"]] / f"{number:04d}.txt").write_bytes(base64.b64decode(case["bytes"]))
    return folders


@pytest.mark.parametrize("release", RULED_BY)
def test_golden_files_read_at_once_say_what_files_read_one_by_one_say(golden_folders, release, monkeypatch):
    monkeypatch.setattr(survey_module, "_ENTRIES_AT_ONCE", 1)  # one odd number leaves all beside it to the full reader
    plain_files = 0
    for nc, folder in golden_folders.items():
        options, dataset = SurveySettings(rules_as(release), nc), open_dataset(folder)
        at_once = survey(dataset, options, processes=1)
        with monkeypatch.context() as patch:
            patch.setattr(survey_module, "read_plain", lambda entries, *rest: Plain(others=list(range(len(entries)))))
            one_by_one = survey(dataset, options, processes=1)
        assert at_once == one_by_one
        smallest = [options.smallest(image=False)]
        plain_files += sum(read_plain([e], [False], options.rules, nc, smallest).files for e in dataset.entries)
    assert plain_files >= PLAIN  # or else nothing was compared
