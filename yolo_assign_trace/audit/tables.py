"""Tables of a dataset as Parquet files, one row a box and one a picture, for polars, duckdb and the like."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ..basics.arrays import Array
from ..basics.errors import InputError, Parameter, reason_of
from .geometry.placed import UNKNOWN, Chunk
from .question import Combination

BOXES, PICTURES = "boxes", "pictures"
"""Folders of the two tables; every shard is a file in each."""


def require_tables(folder: Path, *, anew: bool) -> None:
    """Can tables be written to ``folder``? Those of another audit are removed if this one begins ``anew``.

    Raises:
        InputError: pyarrow is missing, or the folder cannot be made.
    """
    try:
        import pyarrow.parquet  # noqa: F401 - is it there?
    except ImportError:
        hint = "pip install 'yolo-assign-trace[audit]'"
        raise InputError("missing-package", "pyarrow is not installed", where=Parameter("parquet"), hint=hint) from None
    for name in (BOXES, PICTURES):
        try:
            (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError("not-writable", f"no folder can be made: {reason_of(error)}", where=str(folder)) from None
        for old in (folder / name).glob("[0-9]*-[0-9]*.parquet") if anew else ():
            old.unlink()


class Tables:
    """The two files of a shard; they appear under their names when all is written."""

    def __init__(self, folder: Path, shard: int, reading: int, release: str) -> None:
        self._parts = [
            (folder / name / f".{shard:06d}-{reading}.part", folder / name / f"{shard:06d}-{reading}.parquet")
            for name in (BOXES, PICTURES)
        ]
        self._writers: list[Any] = [None, None]
        self._release = release

    def __enter__(self) -> Tables:
        return self

    def add(self, chunk: Chunk, counted: Mapping[Combination, Array]) -> None:
        """The boxes and pictures of a chunk, with (level, box) candidates by combination."""
        boxes = chunk.boxes
        paths = np.array([entry.label for entry in chunk.entries], dtype=object)
        sizes = np.array([size or (0, 0) for size in chunk.sizes], dtype=np.int32).reshape(-1, 2)[chunk.size_of]
        columns: dict[str, Any] = {
            "release": _same(self._release, len(boxes)),
            "file": _texts(paths, boxes.entry),
            "line": boxes.line.astype(np.int32),
            "picture": (chunk.first + chunk.picture).astype(np.int64),
            "class": boxes.label.astype(np.int32),
            **{name: boxes.places[:, i] for i, name in enumerate(("cx", "cy", "w", "h"))},
            "picture_width": sizes[:, 0],
            "picture_height": sizes[:, 1],
        }
        pictures = len(chunk.sizes_of)
        rows = chunk.rows()
        of_pictures: dict[str, Any] = {
            "release": _same(self._release, pictures),
            "picture": np.arange(chunk.first, chunk.first + pictures),
            "file": _texts(paths, np.minimum(np.arange(pictures), len(paths) - 1)),
            "arrives": chunk.sizes_of >= UNKNOWN,
            "boxes": rows.astype(np.int32),
        }
        for one, levels in counted.items():
            total = levels.sum(axis=0, dtype=np.int32).clip(-1)
            columns[f"candidates_{one.column}"] = total
            for level, number in zip(one.grid.levels, levels, strict=True):
                columns[f"{level.name.lower()}_{one.column}"] = number
            pairs = np.bincount(chunk.picture, weights=total.clip(0), minlength=pictures)
            of_pictures[f"pairs_{one.column}"] = pairs.astype(np.int64)
            never = np.bincount(chunk.picture, weights=total == 0, minlength=pictures)
            of_pictures[f"never_{one.column}"] = never.astype(np.int32)
            of_pictures[f"anchors_{one.column}"] = np.full(pictures, one.grid.anchors, dtype=np.int32)
        self._write(0, columns)
        self._write(1, of_pictures)

    def _write(self, number: int, columns: dict[str, Any]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        table = pa.table(columns)
        try:
            if self._writers[number] is None:
                self._writers[number] = parquet.ParquetWriter(self._parts[number][0], table.schema, compression="zstd")
            self._writers[number].write_table(table)
        except OSError as error:
            path = self._parts[number][1]
            raise InputError(
                "not-writable", f"the table cannot be written: {reason_of(error)}", where=str(path)
            ) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers:
            if writer is not None:
                writer.close()
        for part, final in self._parts:
            if kind is None and part.exists():
                part.replace(final)
            else:
                part.unlink(missing_ok=True)


def _same(text: str, rows: int) -> Any:
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array([text]))


def _texts(texts: Array, of: Array) -> Any:
    """(row,) of few texts, each once. Names of files that are not UTF-8 are written with escapes."""
    import pyarrow as pa

    names = [text.encode("utf-8", "backslashreplace").decode() for text in texts.tolist()]
    return pa.DictionaryArray.from_arrays(pa.array(of.astype(np.int32)), pa.array(names, pa.string()))
