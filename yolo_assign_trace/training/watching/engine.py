"""Follows a training from the outside and records its assigner calls."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from ...formats.recording import CALL_FORMAT, FORMAT
from .call import Call, Who, is_plain, plain, read_call
from .lines import box_lines, count_line
from .look import Look, look_at
from .pictures import Batch, Lines, find_lines, read_batch
from .points_grid import Grids
from .recording import Recording
from .saved_call import tensors_of, texts_of
from .scalars import Scalars
from .settings import Settings

TRAIN, VAL = "train", "val"


class Engine:
    """Where a training stands, and what becomes of each call.

    A step is one batch of the training, counted from 0 in this process. The epoch is the trainer's own if there is
    one, otherwise the number of validations that lie between training steps.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process = os.getpid()
        self.rank = max(0, int(os.environ.get("RANK") or 0))
        self.world = max(1, int(os.environ.get("WORLD_SIZE") or 1))
        self._begin_run()

    def _begin_run(self) -> None:
        self.recording: Recording | None = None
        self.scalars = Scalars(self.settings.tensorboard) if self.rank == 0 else None
        self.epoch, self.step, self.batch = 0, -1, -1
        self.by_trainer = False
        self.part = TRAIN
        self.about: dict[str, Any] = {}
        self.class_names: list[str] = []
        self._losses: list[tuple[Any, Any]] = []
        self._callers: set[int] = set()
        self._known: set[str] = set()
        self._pictures: dict[str, tuple[int, Lines]] = {}
        self._grids = Grids()

    # What the patches tell

    def event(self, trainer: Any, name: Any) -> None:
        """The trainer is about to run the callbacks called ``name``."""
        if name == "on_pretrain_routine_start" and self.recording is not None:  # another training of this process
            self.close()
            self._begin_run()
        elif name in ("on_train_start", "on_train_epoch_start"):
            self.epoch, self.by_trainer = int(getattr(trainer, "epoch", None) or 0), True
            if not self.about:
                self._read_trainer(trainer)
        elif name in ("on_fit_epoch_end", "on_train_end") and self.scalars is not None:
            self.scalars.flush()

    def loss_begins(self, loss: Any, batch: Any, depth: int) -> None:
        """A loss is called; ``depth`` is 1 for the outermost."""
        if depth == 1:
            self._next_batch()
        self._losses[depth - 1 :] = [(loss, batch)]

    def loss_ends(self, depth: int) -> None:
        del self._losses[depth - 1 :]

    def called(
        self, assigner: Any, signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any], outputs: Any
    ) -> None:
        """An assigner has answered."""
        if not self._losses:  # other people's loss: a batch ends when an assigner comes round again
            if id(assigner) in self._callers or self.part != _part():
                self._callers.clear()
            if not self._callers:
                self._next_batch()
            self._callers.add(id(assigner))
        recording = self.recording or self._open()
        training = self.part == TRAIN
        saves = training and recording.wants_call(self.step)
        counts = recording.wants_counts(self.step if training else self.batch)
        boxes = not training and recording.wants_boxes(self.epoch)
        if not (saves or counts or boxes):
            return
        call = read_call(assigner, signature, args, kwargs, outputs)
        batch = self._read_batch(call)
        grid = self._grids.of(call.six[2], batch.imgsz)
        self._introduce(call.who, fast=call.fast)
        place = {"epoch": self.epoch, "step": self.step, "part": self.part, "batch": self.batch, "head": call.who.head}
        if counts or boxes:
            look = look_at(call, grid, self._reg_max(), whole=boxes)
            if counts:
                line = count_line(look)
                recording.lines("counts", [{**place, **line}])
                if self.scalars is not None:
                    self.scalars.add(self.epoch, self.part, call.who.head, line)
            if boxes:
                self._record_boxes(recording, look, batch, call)
        if saves:
            more = {"format": CALL_FORMAT, **place, "class_names": self.class_names, "reg_max": self._reg_max()}
            tensors = tensors_of(call, grid, batch, pictures=self.settings.pictures)
            recording.save_call(self.step, call.who.head, tensors, texts_of(call, batch, more))

    def close(self) -> None:
        """The training is over."""
        if self.scalars is not None:
            self.scalars.close()
        if self.recording is not None:
            recording, self.recording = self.recording, None
            end = {"kind": "end", "epoch": self.epoch, "step": self.step, **recording.totals()}
            recording.lines("run", [end])
            recording.close()

    def abandon(self, why: str) -> None:
        """Something of ours has failed."""
        if self.recording is not None:
            recording, self.recording = self.recording, None
            try:
                recording.lines("run", [{"kind": "off", "text": why}])
            finally:
                recording.close()

    # Where the training stands

    def _next_batch(self) -> None:
        part = _part()
        if part == TRAIN:
            if self.part == VAL and not self.by_trainer:
                self.epoch += 1
            self.step += 1
        self.batch = self.batch + 1 if part == self.part else 0
        self.part = part

    def _read_trainer(self, trainer: Any) -> None:
        arguments = getattr(trainer, "args", None)
        data = getattr(trainer, "data", None)
        names = data.get("names") if isinstance(data, Mapping) else None
        if isinstance(names, Mapping):
            names = [names[key] for key in sorted(names)]
        self.class_names = [str(name) for name in names] if isinstance(names, list | tuple) else []
        self.about = {
            "trainer": f"{type(trainer).__module__}.{type(trainer).__qualname__}",
            "save_dir": str(getattr(trainer, "save_dir", "")),
            "class_names": self.class_names,
            "arguments": {k: plain(v) for k, v in vars(arguments).items() if is_plain(v)} if arguments else {},
        }

    def _reg_max(self) -> int | None:
        """Bins per side, from the innermost loss that says it."""
        found = [getattr(loss, "reg_max", None) for loss, _ in reversed(self._losses)]
        return next((int(value) for value in found if isinstance(value, int)), None)

    def _read_batch(self, call: Call) -> Batch:
        """What belongs to the images of the call; nothing if it is of another number of images."""
        batch = read_batch(self._losses[0][1]) if self._losses else Batch()
        return batch if len(batch.rows) == len(call.six[0]) else Batch()

    # What is written

    def _open(self) -> Recording:
        self.recording = Recording(Path(self.settings.out), self.rank, self.world, self.settings)
        package = sys.modules["yolo_assign_trace"]
        line = {
            "kind": "run",
            "format": FORMAT,
            "versions": {"yolo-assign-trace": version_of(package), "torch": str(torch.__version__)},
            "command": sys.argv,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "rank": self.rank,
            "world": self.world,
            "every": self.settings.every,
            "count_every": self.settings.count_every,
            "epochs_by": "trainer" if self.by_trainer else "validations",
        }
        self.recording.lines("run", [line, *([{"kind": "trainer", **self.about}] if self.about else [])])
        return self.recording

    def _introduce(self, who: Who, *, fast: bool) -> None:
        """One line for every assigner that is called with other parameters."""
        line = {
            "kind": "assigner",
            "class": who.name,
            "package": who.package,
            "release": who.release,
            "head": who.head,
            "parameters": who.parameters,
            "replayed": who.stand_in() is not None,
            "fast": fast,
        }
        key = repr(line)
        if key not in self._known:
            self._known.add(key)
            assert self.recording is not None
            self.recording.lines("run", [line])

    def _record_boxes(self, recording: Recording, look: Look, batch: Batch, call: Call) -> None:
        # rotated boxes may have been dropped on the way from the batch to the call
        rows = batch.rows if batch.rows and look.replayed is not None else look.rows
        lines = []
        for image, of_image in enumerate(box_lines(look, rows)):
            picture = self._picture(recording, look, batch, image, rows[image])
            numbers = picture[1].numbers if picture else ()
            for line in of_image:
                place = {"epoch": self.epoch, "head": call.who.head, "picture": picture[0] if picture else None}
                number = numbers[line["gt"]] if line["gt"] < len(numbers) else None
                lines.append({**place, "gt": line.pop("gt"), "line": number, **line})
        recording.lines("boxes", lines)

    def _picture(
        self, recording: Recording, look: Look, batch: Batch, image: int, rows: int
    ) -> tuple[int, Lines] | None:
        """Number of a picture, and the lines of its boxes; it is introduced where it appears first."""
        if not batch.files:
            return None
        file = batch.files[image]
        if file not in self._pictures:
            layout = batch.layouts[image] if batch.layouts else None
            lines = find_lines(file, look.labels[image, :rows].tolist(), look.boxes[image, :rows], layout)
            self._pictures[file] = len(self._pictures), lines
            number = len(self._pictures) - 1
            named = {"picture": number, "file": file, "labels": lines.file, "lines_by": lines.by}
            recording.lines("boxes", [named])
        return self._pictures[file]


def _part() -> str:
    """Validation runs without gradients; the model's own ``training`` says nothing."""
    return TRAIN if torch.is_grad_enabled() else VAL


def version_of(package: Any) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("yolo-assign-trace")
    except PackageNotFoundError:  # watched from another Python's environment
        return "unknown"
