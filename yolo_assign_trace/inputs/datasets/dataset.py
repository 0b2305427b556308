"""Which images and label files a dataset consists of: a data.yaml, a folder, a list, or COCO annotations."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ...basics.errors import InputError, Parameter
from ...basics.plural import count
from ..labels.findings import Finding
from ..reading.files import decode_text, display_name, read_bytes
from .coco_json import read_coco
from .data_yaml import SPLITS, read_data_yaml
from .entries import COCO, FOLDER, LABELS, LIST, YAML, Dataset, Entry
from .image_files import SUFFIXES, ImageFinder, files_below, is_image, label_of

_LOOKED_AT = 1 << 16
"""Bytes of a text file that tell what it is."""

_FIRST_LINES = 20

_NO_LABELS = frozenset({"classes.txt", "readme.txt", "license.txt", "notes.txt"})
"""Text files that labelling tools leave beside the labels."""


class Source(NamedTuple):
    """A path that labels are taken from, which kind it is, and the content of a label file or list."""

    path: Path
    kind: str
    data: bytes = b""


def open_source(path: Path) -> Source:
    """Tell which kind of source a path is; a file of text is read for that, and only once.

    Raises:
        InputError: a file that cannot be read, or text that is neither labels nor a list.
    """
    if os.path.isdir(path):
        return Source(path, FOLDER)
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml"):
        return Source(path, YAML)
    if suffix == ".json":
        return Source(path, COCO)
    data = read_bytes(path, "label file", pipe=True)
    return Source(path, _kind_of_text(data[:_LOOKED_AT], path), data)


def _kind_of_text(start: bytes, path: Path) -> str:
    """A list if one of the first lines ends like an image or label file, or has folders in it; otherwise a label file
    if the first one begins with a number. What is empty or no text is left to the reader of label files.
    """
    text = start.decode("utf-8-sig", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()][:_FIRST_LINES]
    if "\0" in text or not lines:
        return LABELS
    if any(map(_names_a_file, lines)):
        return LIST
    if _begins_with_number(lines[0]):
        return LABELS
    message = f"this is neither a label file, whose rows begin with a number, nor a list of paths: {lines[0][:60]!r}"
    hint = "a row is class cx cy w h; a line of a list is the path of an image or of a .txt label file"
    raise InputError("unclear-source", message, where=str(path), hint=hint)


def _names_a_file(line: str) -> bool:
    if is_image(line) or line.lower().endswith(".txt"):
        return True
    return ("/" in line or "\\" in line) and not _begins_with_number(line)


def _begins_with_number(line: str) -> bool:
    """Does it, up to a blank or comma? Commas are wrong in a label file, which its reader says better."""
    try:
        float(line.replace(",", " ").split()[0])
    except (ValueError, IndexError):
        return False
    return True


def open_dataset(source: Path, *, splits: Sequence[str] | None = None, labels: Path | None = None) -> Dataset:
    """Find all images and label files of ``source``; no other label is opened than those in ``source`` itself.

    Args:
        source: data.yaml, folder of images or labels, list, COCO annotations, or a single label file.
        splits: of a data.yaml; by default all that it has.
        labels: folder that holds the label files, instead of where training looks for them.

    Raises:
        InputError: a source that cannot be used.
    """
    return dataset_of(open_source(source), splits=splits, labels=labels)


def dataset_of(source: Source, *, splits: Sequence[str] | None = None, labels: Path | None = None) -> Dataset:
    """As :func:`open_dataset`, of a source that is open."""
    path, kind, data = source
    if splits and kind != YAML:
        raise InputError(
            "no-split", f"a {kind} has no splits", where=Parameter("split"), hint="splits belong to a data.yaml"
        )
    if labels is not None and not os.path.isdir(labels):
        raise InputError("not-a-folder", "there is no such folder of labels", where=str(labels))
    if kind == YAML:
        return _from_yaml(path, splits, labels)
    if kind == COCO:
        return read_coco(path)
    name = display_name(path.absolute())
    if kind == LABELS:
        return Dataset(name, kind, [_of_label(str(path), ImageFinder())._replace(data=data)])
    place = _from_folder(path, labels) if kind == FOLDER else _Place(_from_list(path, data, labels), [])
    findings = (*place.findings, *_unused([place.labels], place.entries))
    alone = sum(entry.image is None for entry in place.entries)
    remarks = (f"label files without an image: {alone} of {len(place.entries)}",) if alone else ()
    return Dataset(name, kind, place.entries, findings=findings, remarks=remarks)


def _from_yaml(source: Path, splits: Sequence[str] | None, labels: Path | None) -> Dataset:
    data = read_data_yaml(source)
    findings, entries = list(data.findings), dict[Entry, None]()
    remarks, folders = list[str](), list[str | None]()
    for split in splits or [split for split in SPLITS if split in data.splits]:
        paths, about_paths = data.places(split)
        findings += about_paths
        for path in paths:
            place = _from_place(path, labels)
            findings += place.findings
            folders.append(place.labels)
            again = sum(entry in entries for entry in place.entries)
            seen = f", {again} of them seen before" if again else ""
            remarks.append(f"{split}: {path}, {count(len(place.entries), 'image')}{seen}")
            entries.update(dict.fromkeys(place.entries))
    if not entries and not data.splits:
        raise InputError("no-such-split", "there is no split", where=str(source), hint="write train: and val:")
    findings += _unused(folders, entries)
    unique = tuple(dict.fromkeys(findings))
    return Dataset(display_name(source), YAML, list(entries), data.class_names, unique, tuple(remarks))


class _Place(NamedTuple):
    """What a folder or list holds; ``labels`` is the folder of the labels that belong to a folder of images."""

    entries: list[Entry]
    findings: list[Finding]
    labels: str | None = None


def _from_place(path: Path, labels: Path | None) -> _Place:
    if os.path.isdir(path):
        return _from_folder(path, labels)
    return _Place(_from_list(path, read_bytes(path, "list"), labels), [])


def _from_folder(folder: Path, labels: Path | None) -> _Place:
    """Images below a folder, sorted; without any image, its label files."""
    files = sorted(files_below(os.path.normpath(folder)))
    images = [name for name in files if is_image(name)]
    texts = [name for name in files if name.endswith((".txt", ".TXT"))]
    if not images:
        left_out = [name for name in texts if os.path.basename(name).lower() in _NO_LABELS]
        findings = [Finding("not-a-label-file", "not taken for labels, by its name", name) for name in left_out]
        finder = ImageFinder()
        entries = [_of_label(name, finder) for name in texts if os.path.basename(name).lower() not in _NO_LABELS]
        if not entries:
            hint = f"images end in {', '.join(sorted(SUFFIXES))}; labels in txt"
            raise InputError("empty-folder", "neither images nor label files lie here", where=str(folder), hint=hint)
        return _Place(entries, findings)
    root = os.path.normpath(labels) if labels else os.path.dirname(label_of(f"{os.path.normpath(folder)}/x.jpg"))
    return _Place([_of_image(name, labels, str(folder)) for name in images], [], root)


def _unused(folders: Iterable[str | None], entries: Iterable[Entry]) -> list[Finding]:
    """Label files below ``folders`` that belong to no image. Text files that lie elsewhere are something else."""
    used = {entry.label for entry in entries}
    expected = {os.path.dirname(label) for label in used}
    return [
        Finding("label-without-image", "there is no image of this name", name)
        for folder in dict.fromkeys(folders)
        if folder is not None
        for name in sorted(files_below(folder))
        if name.endswith(".txt")
        and name not in used
        and (os.path.dirname(name) in expected or "/labels/" in f"/{name}")
        and os.path.basename(name).lower() not in _NO_LABELS
    ]


def _from_list(path: Path, data: bytes, labels: Path | None) -> list[Entry]:
    """One image or label file per line; ``./`` is the list's own folder, other paths start in the current one."""
    entries, finder = [], ImageFinder()
    for number, line in enumerate(decode_text(data, path, "list").splitlines(), 1):
        text = line.strip()
        if not text:
            continue
        name = os.path.normpath(path.parent / text if text.startswith("./") else text)
        if is_image(name):
            entry = _of_image(name, labels, None)
            if labels is None and not text.startswith("./"):
                entry = entry._replace(label=label_of(name, as_written=True))
            entries.append(entry)
        elif name.lower().endswith(".txt"):
            entries.append(_of_label(name, finder))
        else:
            message = f"{text[:60]!r} is neither an image nor a label file"
            raise InputError("wrong-list", message, where=f"{path}:{number}", hint="one path per line")
    if not entries:
        raise InputError("empty-list", "this list names no file", where=str(path))
    return entries


def _of_image(image: str, labels: Path | None, folder: str | None) -> Entry:
    name = os.path.basename(image)
    if labels is None:
        return Entry(image, label_of(image), name)
    stem = name.rpartition(".")[0] + ".txt"
    if folder is not None:
        nested = os.path.normpath(labels / Path(os.path.relpath(image, folder)).with_suffix(".txt"))
        if os.path.exists(nested):
            return Entry(image, nested, name)
    return Entry(image, os.path.normpath(labels / stem), name)


def _of_label(label: str, finder: ImageFinder) -> Entry:
    image = finder.image_of(label)
    return Entry(image, label, os.path.basename(image or label))


def select_images(entries: Sequence[object], text: str | None) -> range:
    """The positions that ``images`` names: ``3``, ``0:8``, ``:8``, ``8:``; all without it.

    >>> list(select_images(["a", "b", "c"], "1:"))
    [1, 2]

    Raises:
        InputError: no such form, or nothing selected.
    """
    total = len(entries)
    if not total:
        raise InputError("no-such-image", "there is no image", where=Parameter("images") if text else "")
    if text is None:
        return range(total)
    first, colon, last = text.partition(":")
    if len(text) > 40 or not all(
        word.strip().isdecimal() or (colon and not word.strip()) for word in (first, last if colon else "0")
    ):
        hint = "write a number or first:end, such as 0:8 for the first eight"
        raise InputError("wrong-images", f"{text[:40]!r} selects no images", where=Parameter("images"), hint=hint)
    start = int(first) if first.strip() else 0
    end = (int(last) if last.strip() else total) if colon else start + 1
    chosen = range(start, min(end, total))
    if not chosen:
        message = f"{text} selects no image; there are {total}, counted from 0"
        raise InputError("no-such-image", message, where=Parameter("images"))
    return chosen
