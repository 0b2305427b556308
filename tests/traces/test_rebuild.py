"""The assigner of a stored trace is rebuilt from what the trace says about it."""

from __future__ import annotations

import pytest

from tests.traces.traces import KINDS, traced
from yolo_assign_trace.assignment.generations import ASSIGNERS, GENERATIONS, find_assigner
from yolo_assign_trace.tracers.run_log import RunLog
from yolo_assign_trace.tracers.tensors import TensorFile
from yolo_assign_trace.traces.open_trace import open_trace
from yolo_assign_trace.traces.rebuild import rebuild_assigner


@pytest.mark.parametrize("name", [*GENERATIONS, *ASSIGNERS, "8.3.7", "ultralytics==8.4.190", "8.9.0"])
def test_every_assigner_is_rebuilt_from_a_trace_and_from_a_log(tmp_path, name):
    made = find_assigner(name)
    paths = tmp_path / "t.safetensors", tmp_path / "t.log"
    traced(tmp_path, KINDS[0], TensorFile(paths[0]), RunLog(paths[1]), assigner=made)
    for path in paths:
        rebuilt = rebuild_assigner(open_trace(path)).assigner
        assert rebuilt is not None
        assert (rebuilt.stages, rebuilt.parameters) == (made.stages, made.parameters)
