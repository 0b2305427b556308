"""The trace for people: one block per stage, masks as pictures, one closing line per ground-truth box."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

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
from .text_page import Column, Page
from .value_lines import value_lines

PICTURES_AT_MOST = 12
PICTURES_OF_LARGE_GRIDS = 4
DIGITS = 5
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
        page = Page(self.console)
        for key, value in run.header().items():
            if key != "names":  # of all classes, also of those that no box has
                style = "yellow" if "not a trained model" in value else ""
                page.line((f"{key:<10}", "bold"), (value, style), indent=0, hang=10)
        page.gap()
        page.print()

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
        page = Page(self.console)
        start = f"{stage.number:>2} {stage.name}"
        page.heading(start, stage.title, hang=len(start) + 2)
        if stage.stage.swapped is None:
            page.line(stage.stage.result.says, indent=3, hang=0)
        for formula in stage.formula:
            page.formula(formula)
        page.gap()
        page.table(_output_columns(records))
        for title, lines in self._blocks(records):
            page.gap()
            page.line((title, "dim"), hang=0)
            for line in lines:
                page.add(self._coloured(line), indent=4)
        if facts:
            page.gap()
        for fact in facts:
            page.line((f"{'!' if fact.notable else '='} {fact.text}", "bold yellow" if fact.notable else ""), indent=3)
        page.gap()
        page.print()

    def run_end(self, boxes: tuple[BoxLine, ...]) -> None:
        page = Page(self.console)
        page.heading("Boxes", "what became of every ground-truth box")
        page.gap()
        if boxes:
            self._boxes(page, boxes)
        else:
            page.line("there is no box: every anchor is background")
        page.gap()
        page.print()

    def _boxes(self, page: Page, boxes: tuple[BoxLine, ...]) -> None:
        levels = [level.name for level in self.run.grid.levels]
        titles = ["image", "gt", "class", "size px", *levels, "selected", "positives", "best overlap"]
        cells = zip(*map(_box_cells, boxes), strict=True)
        columns = [Column(title, texts) for title, texts in zip(titles, cells, strict=True)]
        over_levels = sum(column.width for column in columns[:4]) + 7
        page.add(Text(f"{'':<{over_levels}}candidates", "dim"))
        head, *rows = page.rows(columns, ["bold red" if box.cause else "" for box in boxes])
        page.add(head)
        for row, box in zip(rows, boxes, strict=True):
            page.add(row)
            if box.cause:
                page.line((f"^ {box.verdict}: {CAUSES[box.cause]}", "bold red"), indent=8)
        without = sum(not box.positives for box in boxes)
        page.gap()
        page.line(
            (f"{count(sum(box.positives for box in boxes), 'positive')} for {count(len(boxes), 'box')}; ", "bold"),
            (f"{without} without positives", "bold red" if without else "bold green"),
        )

    def _shows(self, stage: str) -> bool:
        return not self.stages or stage in self.stages

    def _blocks(self, records: list[Record]) -> Iterator[tuple[str, list[str]]]:
        """Captions and values: masks and owners as pictures, number tensors over pairs as one table, others alone."""
        room = None if self.width is None else self.width - 5
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
            yield title, body

    def _pair_pictures(self, record: Record, room: int | None) -> list[str]:
        """One picture for every box that has candidates."""
        assert record.pairs is not None
        row = record.pairs[:, 0] * record.sizes["gt"] + record.pairs[:, 1]
        pictures: list[Picture] = []
        boxes = np.unique(row).tolist()
        for number in boxes[: self._pictures_at_most(record)]:
            image, gt = divmod(number, record.sizes["gt"])
            codes = np.zeros(record.grid.anchors, dtype=np.uint8)
            here = row == number
            codes[record.pairs[here, 2]] = 1 + record.array[here]
            x1, y1, x2, y2 = self.labels["gt_bboxes"][image, gt].tolist()
            label = self.labels["gt_labels"][image, gt, 0]
            caption = f"image {image} gt {gt}, class {label}, {x2 - x1:.1f}x{y2 - y1:.1f} px"
            pictures.append(picture(caption, codes, record.grid, GLYPHS, crop=record.stage != "screen", room=room))
        return _with_count(pictures, room, len(boxes), "boxes")

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

    def _coloured(self, line: str) -> Text:
        """A line of values, in which the glyphs of pictures get their colours."""
        text = Text(line.rstrip())
        if self.console.is_terminal:
            for glyph, style in _COLOURS.items():
                text.highlight_regex(rf"(?<!\S){re.escape(glyph)}(?!\S)", style)
        return text


def _with_count(pictures: list[Picture], room: int | None, total: int, what: str) -> list[str]:
    if not pictures:
        return ["(none)"]
    lines = side_by_side(pictures, room or 120)
    if any(re.search(r" /\d+( |$)", line) for p in pictures for line in p.lines):
        lines += ["", "/2: a mark is 2x2 cells and shows the one that counts most"]
    return lines + (["", f"... {total - len(pictures)} more {what}"] if total > len(pictures) else [])


def _output_columns(records: list[Record]) -> list[Column]:
    """Outputs with sizes, unit and statistics; a narrow terminal does without the types."""
    statistics = [record.statistics for record in records]
    return [
        Column("output", [record.name for record in records], right=False),
        Column("sizes", [_sizes(record) for record in records], right=False),
        Column("unit", ["" if r.output.unit == "mask" else r.output.unit for r in records], right=False),
        Column("type", [record.array.dtype.name for record in records], right=False, narrow=[]),
        Column("min", [_statistic(numbers.minimum) for numbers in statistics]),
        Column("mean", [_statistic(numbers.mean) for numbers in statistics]),
        Column("max", [_statistic(numbers.maximum) for numbers in statistics]),
        Column("", [_remark(numbers) for numbers in statistics], right=False),
    ]


def _sizes(record: Record) -> str:
    if record.output.on_pairs:
        return ", ".join([f"{len(record.array)} pairs", *map(str, record.array.shape[1:])])
    return "x".join(map(str, record.array.shape))


def _statistic(value: float | None) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else number_text(value, 4, np.float32)


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


def _box_cells(box: BoxLine) -> list[str]:
    overlap = "-" if box.best_overlap is None else number_text(box.best_overlap, DIGITS, np.float32)
    cells = (box.image, box.gt, box.label, box.size, *box.candidates, box.selected, box.positives, overlap)
    return [str(cell) for cell in cells]
