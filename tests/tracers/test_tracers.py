"""Other people's tracers: what they are told, that they cannot change results, and what happens when they break."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from yolo_assign_trace import Tracer
from yolo_assign_trace.assignment.outputs import STAGE_RESULTS
from yolo_assign_trace.inputs.load import Request, load_inputs
from yolo_assign_trace.run.runner import trace
from yolo_assign_trace.tracers.memory import Memory
from yolo_assign_trace.tracers.run_log import RunLog

BROKEN = """
from yolo_assign_trace import Tracer
def fail(*_): raise RuntimeError("out of ink")
class AtOnce(Tracer): __init__ = fail
class AtStart(Tracer): run_start = fail
class InTheMiddle(Tracer):
    def output(self, record):
        if record.name == "overlaps": fail()
class AtTheEnd(Tracer): run_end = fail
class NoTracer: pass
function = fail
def exits(record): raise SystemExit("out of ink")
"""
BREAKS = ["AtOnce", "AtStart", "InTheMiddle", "AtTheEnd", "NoTracer", "function", "exits"]


@pytest.fixture
def broken(folder, monkeypatch):
    """A module of broken tracers that can be imported, and an old log."""
    (folder / "broken_tracers.py").write_text(BROKEN)
    (folder / "run.log").write_text("the old log")
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def install(folder, monkeypatch):
    """Makes `name = target` an installed tracer, as pip does: by a .dist-info folder on the path."""

    def register(**tracers: str) -> None:
        info = folder / "site" / "someones_tracers-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someones-tracers\nVersion: 1.0\n")
        lines = "".join(f"{name} = {target}\n" for name, target in tracers.items())
        (info / "entry_points.txt").write_text(f"[yolo_assign_trace.tracers]\n{lines}")
        monkeypatch.syspath_prepend(folder / "site")

    return register


@pytest.mark.parametrize("name", BREAKS)
def test_a_tracer_asked_for_by_name_that_breaks_stops_the_run(yolo_assign, broken, name):
    outcome = yolo_assign("trace", "--labels", "one.txt", "--quiet", "--tracer", f"broken_tracers:{name}")
    assert outcome.code == 2
    says = "out of ink" if name != "NoTracer" else "expected a subclass of yolo_assign_trace.Tracer"
    assert outcome.err.startswith(f"error: --tracer: the tracer broken_tracers:{name} failed: ")
    assert says in outcome.err
    assert "[broken-tracer]" in outcome.err
    assert "Traceback" not in outcome.err
    assert Path("run.log").read_text() == "the old log"
    assert not list(broken.glob(".*.part"))


@pytest.mark.parametrize("name", [*BREAKS, "Absent"])
def test_an_installed_tracer_that_breaks_is_left_out_with_a_warning(yolo_assign, broken, install, name):
    yolo_assign("trace", "--labels", "one.txt", "--quiet", "--log", "without.log")
    install(theirs=f"broken_tracers:{name}")
    outcome = yolo_assign("trace", "--labels", "one.txt", "--quiet")
    assert outcome.code == 0
    assert outcome.err.startswith("warning: the installed tracer 'theirs' failed and is left out: ")
    assert outcome.err.count("\n") == 1  # said once, not at every output
    assert Path("run.log").read_bytes() == Path("without.log").read_bytes()


def test_an_installed_module_that_cannot_be_imported_is_left_out_with_a_warning(yolo_assign, broken, install):
    (broken / "typing_mistake.py").write_text("def tracer(:\n")
    install(gone="no_such_module:Tracer", wrong="typing_mistake:Tracer")
    outcome = yolo_assign("trace", "--labels", "one.txt", "--quiet")
    assert outcome.code == 0
    assert "warning: the installed tracer 'gone' failed and is left out: ModuleNotFoundError" in outcome.err
    assert "warning: the installed tracer 'wrong' failed and is left out: SyntaxError" in outcome.err


def test_no_plugins_leaves_installed_tracers_out_unless_named(yolo_assign, broken, install):
    install(theirs="broken_tracers:AtTheEnd")
    quiet = ("trace", "--labels", "one.txt", "--quiet", "--no-plugins")
    assert yolo_assign(*quiet).err == ""
    outcome = yolo_assign(*quiet, "--tracer", "theirs")
    assert outcome.code == 2
    assert "the tracer theirs failed: RuntimeError: out of ink" in outcome.err
    assert "did you mean theirs?" in yolo_assign(*quiet, "--tracer", "their").err


# --- in Python -----------------------------------------------------------------------------------------------------


def inputs():
    return load_inputs(Request(labels=Path("labels.txt")))[0]


class Order(Tracer):
    """Writes down which method is called with what."""

    def __init__(self):
        self.calls = []

    def run_start(self, run):
        self.calls.append("run_start")

    def stage_start(self, stage):
        self.calls.append(f"start {stage.name}")

    def output(self, record):
        self.calls.append(record.key)

    def stage_end(self, stage, facts):
        self.calls.append(f"end {stage.name}")

    def run_end(self, boxes):
        self.calls.append("run_end")

    def run_failed(self):
        self.calls.append("run_failed")


def test_the_order_of_the_calls(folder):
    order = Order()
    trace(inputs(), tracers=[order])
    expected = ["run_start"]
    for result in STAGE_RESULTS:
        keys = [f"{result.stage}.{output.name}" for output in result.outputs()]
        expected += [f"start {result.stage}", *keys, f"end {result.stage}"]
    assert order.calls == [*expected, "run_end"]


def test_a_run_that_breaks_off_is_told_to_every_tracer_instead_of_its_end(folder):
    class Breaks(Tracer):
        def stage_start(self, stage):
            if stage.number == 2:
                raise RuntimeError("stop")

    before, after = Order(), Order()
    with pytest.raises(RuntimeError, match="stop"):
        trace(inputs(), tracers=[before, Breaks(), after])
    assert before.calls[-1] == after.calls[-1] == "run_failed"
    assert "run_end" not in before.calls + after.calls


def test_tensors_are_snapshots_that_later_stages_never_overwrite(folder):
    class Copies(Tracer):
        def __init__(self):
            self.copies = {}

        def output(self, record):
            self.copies[record.key] = record.array.copy()

    copies, kept = Copies(), Memory()
    trace(inputs(), tracers=[copies, kept])
    for key, record in kept.records.items():
        assert np.array_equal(record.array, copies.copies[key]), key


def _item(record):
    record.array[...] = 0


def _in_place(record):
    record.array.sort(axis=0)


def _make_writable(record):
    record.array.flags.writeable = True
    record.array[...] = 0


def _pairs(record):
    record.pairs[...] = 0


def _sizes(record):
    record.sizes["gt"] = 1


def _field(record):
    record.array = record.array * 0


@pytest.mark.parametrize("change", [_item, _in_place, _make_writable, _pairs, _sizes, _field])
def test_an_attempt_to_change_a_tensor_is_an_error_and_changes_nothing(folder, change):
    class Meddles(Tracer):
        refused = 0

        def output(self, record):
            if record.pairs is None and change is _pairs:
                return
            try:
                change(record)
            except (ValueError, TypeError, AttributeError):
                self.refused += 1

    expected = trace(inputs(), tracers=[RunLog(Path("expected.log"))])
    meddles = Meddles()
    found = trace(inputs(), tracers=[meddles, RunLog(Path("run.log"))])
    assert Path("run.log").read_bytes() == Path("expected.log").read_bytes()
    assert all(found[name].equal(expected[name]) for name in expected)
    assert meddles.refused > 0


def test_the_settings_of_a_run_cannot_be_changed(folder):
    class Meddles(Tracer):
        def run_start(self, run):
            with pytest.raises(TypeError):
                run.settings["topk"] = 1
            with pytest.raises(TypeError):
                run.sizes["gt"] = 1

    trace(inputs(), tracers=[Meddles()])
