"""The files of a recording: where they go, what they may take, what a cut leaves of them."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest

from tests.training.recorded import calls, kinds, lines
from yolo_assign_trace import watch
from yolo_assign_trace.formats.call_file import Raw
from yolo_assign_trace.formats.recording import runs
from yolo_assign_trace.training.watching.recording import Recording, claim
from yolo_assign_trace.training.watching.settings import Settings
from yolo_assign_trace.training.watching.summary import summary

KIB = 1 << 10
LINE = {"x": "y" * 91}  # 100 bytes with its end


def recording(folder: Path, *, every: int = 1, kib: float = 100, rank: int = 0, world: int = 1) -> Recording:
    return Recording(folder, rank, world, Settings(str(folder), every=every, max_size=kib * KIB / (1 << 30)))


def save(to: Recording, step: int, size: int = 1000) -> None:
    to.save_call(step, "one2many", {"x": Raw("U8", (size,), memoryview(bytes(size)))}, {})


def saved_steps(folder: Path) -> list[int]:
    return sorted(int(path.name[4:10]) for path in (folder / "calls").glob("step*"))


@pytest.fixture(autouse=True)
def _roomy(monkeypatch):
    """Tests do not depend on the disk they run on."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 40}))


def test_the_first_free_folder_is_claimed(tmp_path):
    assert claim(tmp_path / "a" / "w") == tmp_path / "a" / "w"
    assert claim(tmp_path / "a" / "w") == tmp_path / "a" / "w"  # nothing has been recorded in it
    recording(tmp_path / "a" / "w").close()
    assert claim(tmp_path / "a" / "w") == tmp_path / "a" / "w-2"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    assert claim(tmp_path / "other") == tmp_path / "other"


def test_processes_of_a_run_share_a_folder_and_a_later_run_has_its_own(tmp_path):
    made = [recording(tmp_path, rank=rank) for rank in (0, 1, 0, 1, 0)]
    assert [r.folder for r in made] == [tmp_path, tmp_path, *[tmp_path / "run-2"] * 2, tmp_path / "run-3"]
    assert runs(tmp_path) == [tmp_path, tmp_path / "run-2", tmp_path / "run-3"]


@pytest.mark.parametrize("steps", [1, 10, 50, 1000])
def test_saved_calls_are_thinned_evenly(tmp_path, steps):
    """50 KiB for calls of 1 kB each: at most 47."""
    own = recording(tmp_path)
    for step in range(steps):
        if own.wants_call(step):
            save(own, step)
    kept = saved_steps(tmp_path)
    apart = {b - a for a, b in pairwise(kept)}
    assert kept[0] == 0
    assert len(apart) <= 1
    assert min(steps, 23) <= len(kept) <= 47
    assert sum(path.stat().st_size for path in (tmp_path / "calls").iterdir()) == own.saved_bytes <= 50 * KIB


def test_both_heads_of_a_step_stay_or_go_together(tmp_path):
    own = recording(tmp_path)
    for step in range(100):
        for head in ("one2many", "one2one") if own.wants_call(step) else ():
            own.save_call(step, head, {"x": Raw("U8", (1000,), memoryview(bytes(1000)))}, {})
    names = sorted(path.name for path in (tmp_path / "calls").iterdir())
    assert len(names) > 20
    assert [n.replace("one2one", "one2many") for n in names[1::2]] == names[::2]


def test_several_calls_of_a_head_in_a_step(tmp_path):
    own = recording(tmp_path)
    for _ in range(3):
        save(own, 0)
    names = sorted(path.name for path in (tmp_path / "calls").iterdir())
    assert names == [f"step000000-one2many{more}-rank0.safetensors" for more in ("-2", "-3", "")]


def test_a_call_that_is_too_large_is_said_once(tmp_path, capsys):
    own = recording(tmp_path)
    save(own, 0, 10)
    for step in (1, 2, 3):
        if own.wants_call(step):
            save(own, step, 60 * KIB)
    assert saved_steps(tmp_path) == [0]
    assert capsys.readouterr().err.count("no more calls are saved: one takes") == 1
    assert kinds(tmp_path) == ["remark"]


def test_a_world_of_processes_shares_the_allowance(tmp_path):
    for rank in range(4):
        own = recording(tmp_path, rank=rank, world=4)
        for step in range(100):
            if own.wants_call(step):
                save(own, step)
    assert 20 * KIB < sum(path.stat().st_size for path in (tmp_path / "calls").iterdir()) <= 50 * KIB


def test_lines_get_fewer_as_their_allowance_fills(tmp_path, capsys):
    """2 MB for lines of 100 bytes, for as long as 100,000 steps; one line is said each time."""
    own, written = recording(tmp_path, kib=4000), []
    for step in range(100_000):
        if own.wants_counts(step):
            own.lines("counts", [LINE])
            written.append(step)
    size = sum(path.stat().st_size for path in tmp_path.glob("*.jsonl"))
    assert size <= 2000 * KIB
    assert len(lines(tmp_path, "counts")) == len(written)
    assert written[:10_000] == list(range(10_000))
    assert len(written) < 21_000
    assert written[-1] > 99_000  # and still they go on
    assert capsys.readouterr().err.count("from here on") == kinds(tmp_path).count("remark") > 3
    assert not own.wants_boxes(1)


def test_lines_beyond_the_allowance_are_an_error(tmp_path):
    own = recording(tmp_path, kib=1)
    with pytest.raises(OSError, match="raise max_size"):
        own.lines("boxes", [LINE] * 10)


def test_a_line_that_a_kill_cut_off_is_left_out(site, train):
    with watch("w"):
        train()
    file = site / "w" / "counts-rank0.jsonl"
    whole = file.read_bytes()
    for end in range(len(whole) - 400, len(whole)):
        file.write_bytes(whole[:end])
        assert len(lines(site / "w", "counts")) == whole[:end].count(b"\n")


def test_a_process_that_was_forked_off_closes_nothing(site, train):
    """As a data loader's workers are."""
    with watch("w"):
        train(epochs=1)
        child = os.fork()
        if not child:
            from yolo_assign_trace.training.watching import patches

            patches._active[0].end()
            os._exit(0)
        os.waitpid(child, 0)
        train(epochs=1)
    assert kinds(site / "w" / "run-2")[-1] == "end"
    assert kinds(site / "w").count("end") == 1


def test_what_a_recording_holds_in_one_line(site, train):
    with watch("w", every=3):
        train()
    text = summary(site / "w")
    assert text.startswith("recorded in w: 2 epochs, 6 steps, 8 calls counted, 12 lines of boxes, 2 calls saved, ")
    assert text.endswith("; next: yolo-assign history w")
    run = site / "w" / "run-rank0.jsonl"
    run.write_bytes(b"".join(run.read_bytes().splitlines(keepends=True)[:-1]))
    assert summary(site / "w").startswith("recorded in w until it was cut off")


def test_nothing_recorded_leaves_no_folder(site):
    with watch("w"):
        pass
    assert not (site / "w").exists()


def test_the_size_that_is_told_is_that_of_the_files(site, train):
    with watch("w", every=1):
        train()
    end = lines(site / "w", "run")[-1]
    size = sum(path.stat().st_size for path in (site / "w").rglob("*") if path.is_file())
    assert end["bytes"] + len(json.dumps(end, separators=(",", ":"))) + 1 == size
    assert end["calls"] == len(calls(site / "w")) == 6
