"""The trace for people: one block per stage, masks as pictures, one closing line per ground-truth box."""

from __future__ import annotations

import re
from collections.abc import Collection

import numpy as np
from rich.console import Console as RichConsole
from rich.text import Text

from ..basics.arrays import Array
from ..basics.plural import count
from ..formats.log_grammar import GLYPHS, is_by_level
from ..formats.number_text import number_text
from ..run.boxes_summary import CAUSES
from ..run.record import BoxLine, Fact, Record, Run, StageStart, Tracer
from ..run.statistics import Statistics
from .pictures import LARGEST, Picture, picture, side_by_side
from .value_lines import value_lines

PICTURES_AT_MOST = 12
PICTURES_OF_LARGE_GRIDS = 4
DIGITS = 5
_INDENT = "  "
_LEGEND = {
    "mask_in_gts": "# candidate",
    "mask_topk": "# selected   o candidate, not selected",
    "mask_pos": "# positive   o candidate, not positive",
    "claims": "how many gts selected the anchor   . none",
    "fg_mask": "# positive   . background",
    "target_gt_idx": "gt that owns the anchor   . background   + a gt beyond z",
    "target_labels": "class of the owner; . is class 0, and background carries that of gt 0",
}
_COLOURS = {"#": "bold green", "o": "yellow", ".": "dim"}
_OWNERS = b".0123456789abcdefghijklmnopqrstuvwxyz+"
_COUNTS = b".123456789abcdefghijklmnopqrstuvwxyz+"


class Console(Tracer):
    """Prints to a Rich console, on which markup, emoji and highlighting are off.

    Args:
        console: where to print; without a terminal behind it nothing is cut or coloured.
        stages: names of the stages to show; all if empty.
    """

    def __init__(self, console: RichConsole, stages: Collection[str] = ()) -> None:
        self.console = console
        self.stages = stages
        self.width = console.width if console.is_terminal else None
        self.run: Run
        self.records: list[Record] = []
        self.labels: dict[str, Array] = {}

    def run_start(self, run: Run) -> None:
        self.run = run
        text = Text()
        for key, value in run.header().items():
            if key == "names":  # of all classes, also of those that no box has
                continue
            first, *rest = self._wrapped(value, 10)
            style = "yellow" if "not a trained model" in value else ""
            text.append(f"{key:<10}", "bold")
            text.append("".join([f"{first}\n", *(f"{'':<10}{line}\n" for line in rest)]), style)
        self._print(text)

    def stage_start(self, stage: StageStart) -> None:
        self.records = []

    def output(self, record: Record) -> None:
        if record.name in ("gt_labels", "gt_bboxes"):
            self.labels[record.name] = record.array
        if self._shows(record.stage):
            self.records.append(record)

    def stage_end(self, stage: StageStart, facts: tuple[Fact, ...]) -> None:
        records, self.records = self.records, []
        if not self._shows(stage.name):
            return
        text = Text()
        start = f"{stage.number:>2} {stage.name}  "
        title, *rest = self._wrapped(stage.title, len(start))
        text.append(start, "bold cyan")
        text.append("".join([f"{title}\n", *(f"{' ' * len(start)}{line}\n" for line in rest)]), "bold")
        if stage.stage.swapped is None:
            self._paragraph(text, stage.stage.result.says)
        for formula in stage.formula:
            # several in a line stand apart by gaps: a narrow terminal takes them one by one
            parts = [formula] if self.width is None or len(formula) < self.width - 4 else formula.split("     ")
            for part in parts:
                self._paragraph(text, part, "green")
        text.append("\n")
        self._lines(text, self._table(records))
        for block in self._blocks(records):
            text.append("\n")
            self._lines(text, block)
        if facts:
            text.append("\n")
        for fact in facts:
            self._paragraph(text, f"{'!' if fact.notable else '='} {fact.text}", "bold yellow" if fact.notable else "")
        self._print(text)

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        text = Text()
        text.append("Boxes", "bold cyan")
        text.append("  what became of every ground-truth box\n\n", "bold")
        if not boxes:
            text.append(f"{_INDENT}there is no box: every anchor is background\n")
        levels = [level.name for level in self.run.grid.levels]
        titles = ["image", "gt", "class", "size px", *levels, "selected", "positives", "best overlap"]
        rows = [[str(cell) for cell in _box_cells(box)] for box in boxes]
        sizes = [max(len(row[i]) for row in [titles, *rows]) for i in range(len(titles))]
        text.append(f"{_INDENT}{' ' * sum(sizes[:4])}       candidates\n", "dim") if boxes else None
        for row, box in zip([titles, *rows] if boxes else [], [None, *boxes], strict=bool(boxes)):
            line = _INDENT + "  ".join(cell.rjust(size) for cell, size in zip(row, sizes, strict=True))
            text.append(line + "\n", "dim" if box is None else "bold red" if box.cause else "")
            if box is not None and box.cause:
                self._paragraph(text, f"^ {box.verdict}: {CAUSES[box.cause]}", "bold red", indent=8)
        without = sum(not box.positives for box in boxes)
        if boxes:
            positives = sum(box.positives for box in boxes)
            text.append(f"\n{_INDENT}{count(positives, 'positive')} for {count(len(boxes), 'box')}; ", "bold")
            text.append(f"{without} without positives\n", "bold red" if without else "bold green")
        self._print(text)

    def _shows(self, stage: str) -> bool:
        return not self.stages or stage in self.stages

    def _table(self, records: list[Record]) -> list[str]:
        """Outputs with sizes, unit and statistics."""
        rows = [["output", "sizes", "unit", "type", "min", "mean", "max", ""]]
        for record in records:
            numbers = record.statistics
            low, mean, high = (
                "" if value is None else str(value) if isinstance(value, int) else number_text(value, 4, np.float32)
                for value in (numbers.minimum, numbers.mean, numbers.maximum)
            )
            sizes = "x".join(map(str, record.array.shape))
            if record.output.on_pairs:
                sizes = f"{len(record.array)} pairs" + "".join(f", {size}" for size in record.array.shape[1:])
            unit = "" if record.output.unit == "mask" else record.output.unit
            rows.append([record.name, sizes, unit, record.array.dtype.name, low, mean, high, _remark(numbers)])
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        right = {4, 5, 6}
        if self.width is not None and sum(widths) + 2 * len(widths) > self.width:
            rows = [[*row[:3], *row[4:]] for row in rows]  # a narrow terminal does without the types
            widths = [*widths[:3], *widths[4:]]
            right = {3, 4, 5}
        gap = " " if self.width is not None and sum(widths) + 2 * len(widths) > self.width else "  "
        return [
            gap.join(
                cell.rjust(size) if i in right else cell.ljust(size)
                for i, (cell, size) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]

    def _blocks(self, records: list[Record]) -> list[list[str]]:
        """The values: masks and owners as pictures, number tensors over pairs as one table, the rest one by one."""
        blocks = []
        room = None if self.width is None else self.width - 2 * len(_INDENT) - 1
        tables = [r for r in records if r.output.on_pairs and r.array.dtype != np.bool_ and r.name != "pairs"]
        for record in records:
            title = f"{record.name} [{', '.join(record.output.axes)}]"
            if record.name == "pairs" or (record in tables and record is not tables[0]):
                continue
            if record in tables:
                title = ", ".join(f"{r.name} ({r.output.unit})" for r in tables) + " [image, gt, anchor]"
                body = value_lines(tables, room)
            elif record.output.on_pairs:
                title += f"  {_LEGEND.get(record.name, '# true   o candidate, false')}   . no candidate"
                body = self._pair_pictures(record, room)
            elif is_by_level(record.output.axes) and record.array.dtype.kind != "f":
                body = self._anchor_pictures(record, records, room)
                title += f"  {_LEGEND.get(record.name, record.output.meaning)}"
            else:
                title += f"  {record.output.meaning}"
                body = value_lines([record], room)
            blocks.append([title, *(f"{_INDENT}{line}".rstrip() for line in body)])
        return blocks

    def _pair_pictures(self, record: Record, room: int | None) -> list[str]:
        """One picture for every box that has candidates."""
        assert record.pairs is not None
        row = record.pairs[:, 0] * record.sizes["gt"] + record.pairs[:, 1]
        pictures: list[Picture] = []
        found = np.unique(row).tolist()
        for number in found[: self._pictures_at_most(record)]:
            image, gt = divmod(number, record.sizes["gt"])
            codes = np.zeros(record.grid.anchors, dtype=np.uint8)
            here = row == number
            codes[record.pairs[here, 2]] = 1 + record.array[here]
            x1, y1, x2, y2 = self.labels["gt_bboxes"][image, gt].tolist()
            label = self.labels["gt_labels"][image, gt, 0]
            caption = f"image {image} gt {gt}, class {label}, {x2 - x1:.1f}x{y2 - y1:.1f} px"
            pictures.append(picture(caption, codes, record.grid, GLYPHS, crop=record.stage != "screen", room=room))
        return _with_count(pictures, room, len(found), "boxes")

    def _anchor_pictures(self, record: Record, records: list[Record], room: int | None) -> list[str]:
        """One picture for every image that has anything to show."""
        values = record.array.reshape(-1, record.grid.anchors).astype(np.int64)
        if record.name == "target_gt_idx":  # on background 0 means nothing
            fg_mask = next(r.array for r in records if r.name == "fg_mask")
            values = np.where(fg_mask, values + 1, 0)
        glyphs = b".#" if record.array.dtype == np.bool_ else _OWNERS if record.name == "target_gt_idx" else _COUNTS
        codes = np.minimum(values, len(glyphs) - 1).astype(np.uint8)
        telling = np.flatnonzero(codes.any(axis=1)).tolist()
        pictures = [
            picture(f"image {i}", codes[i], record.grid, glyphs, room=room)
            for i in telling[: self._pictures_at_most(record)]
        ]
        return _with_count(pictures, room, len(telling), "images")

    def _pictures_at_most(self, record: Record) -> int:
        return PICTURES_AT_MOST if record.grid.levels[0].width <= LARGEST[0] else PICTURES_OF_LARGE_GRIDS

    def _lines(self, text: Text, lines: list[str]) -> None:
        """A block: its caption, then lines in which the glyphs of pictures get their colours."""
        for line in self._wrapped(lines[0], len(_INDENT)):
            text.append(f"{_INDENT}{line}\n", "dim")
        body = Text("".join(f"{_INDENT}{line}\n" for line in lines[1:]))
        if self.console.is_terminal:
            for glyph, style in _COLOURS.items():
                body.highlight_regex(rf"(?<!\S){re.escape(glyph)}(?!\S)", style)
        text.append_text(body)

    def _paragraph(self, text: Text, sentence: str, style: str = "", indent: int = 3) -> None:
        hanging = 2 if sentence[:2] in ("! ", "= ", "^ ") else 0
        for i, line in enumerate(self._wrapped(sentence, indent + hanging)):
            text.append(f"{' ' * (indent + (hanging if i else 0))}{line}\n", style)

    def _wrapped(self, sentence: str, indent: int) -> list[str]:
        """Lines that fit the terminal behind an indent; wide characters count as two cells."""
        if self.width is None:
            return [sentence]
        lines = Text(sentence).wrap(self.console, max(20, self.width - indent - 1))
        return [line.plain.rstrip() for line in lines]

    def _print(self, text: Text) -> None:
        self.console.print(text, soft_wrap=True)


def _with_count(pictures: list[Picture], room: int | None, total: int, what: str) -> list[str]:
    if not pictures:
        return ["(none)"]
    lines = side_by_side(pictures, room or 120)
    if any(re.search(r" /\d+( |$)", line) for p in pictures for line in p.lines):
        lines += ["", "/2: a mark is 2x2 cells and shows the one that counts most"]
    return lines + (["", f"... {total - len(pictures)} more {what}"] if total > len(pictures) else [])


def _remark(numbers: Statistics) -> str:
    if numbers.kind == "bool":
        return f"true {numbers.true} of {numbers.size}"
    if numbers.kind == "int":
        return f"{numbers.distinct} distinct" if numbers.size else "no values"
    if not numbers.size:
        return "no values"
    words = []
    if numbers.zero:
        words.append("all 0" if numbers.zero == numbers.size else f"{numbers.zero} zero")
    if numbers.nan:
        words.append(f"{numbers.nan} NAN")
    if numbers.inf:
        words.append(f"{numbers.inf} INF")
    return ", ".join(words)


def _box_cells(box: BoxLine) -> list[object]:
    overlap = "-" if box.best_overlap is None else number_text(box.best_overlap, DIGITS, np.float32)
    return [box.image, box.gt, box.label, box.size, *box.candidates, box.selected, box.positives, overlap]
