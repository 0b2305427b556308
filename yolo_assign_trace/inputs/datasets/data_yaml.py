"""A data.yaml: where the images of every split are, and what the classes are called."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...basics.errors import InputError
from ...basics.plural import count
from ..heads.shapes import LARGEST_NC
from ..labels.findings import Finding
from ..reading.yaml_file import read_yaml, short

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DataYaml:
    """What a data.yaml says.

    Attributes:
        path: of the file.
        root: its ``path``, None if it has none.
        splits: files and folders as written, by split.
        lines: line number of every key.
        class_names: by class; numbers as text where only ``nc`` is given.
        findings: keys that training reads otherwise.
    """

    path: Path
    root: str | None
    splits: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, int]
    class_names: tuple[str, ...]
    findings: tuple[Finding, ...]

    def places(self, split: str) -> tuple[list[Path], list[Finding]]:
        """The folders and lists of ``split`` that exist, and what is to be said about finding them.

        A relative ``path`` is tried against the current folder, then against the folder of the yaml.

        Raises:
            InputError: there is no such split, or one of its places does not exist; every place tried is named.
        """
        if split not in self.splits:
            hint = f"this file has {', '.join(self.splits)}" if self.splits else "write train: and val:"
            raise InputError("no-such-split", f"there is no split {split!r}", where=str(self.path), hint=hint)
        here = self.path.parent
        bases = [Path(self.root), here / self.root] if self.root is not None else [here]
        places, findings = [], []
        for text in self.splits[split]:
            # as written, and without ../ if that does not exist
            forms = (text, text[3:]) if text.startswith("../") else (text,)
            tried = [(base, os.path.normpath(base / form)) for base in bases for form in forms]
            first = next((item for item in tried if os.path.exists(item[1])), None)
            if first is None:
                names = ", ".join(dict.fromkeys(place for _, place in tried))
                raise InputError(
                    "split-not-found",
                    f"{split} is {short(text)}, which does not exist; tried {names}",
                    where=f"{self.path}:{self.lines[split]}",
                    hint="path: is relative to the folder you start in, then to this file's; nothing is downloaded",
                )
            base, place = first
            places.append(Path(place))
            if base is not bases[0] and bases[0].exists():  # otherwise training looks there too
                message = f"{split} was found from this file's folder, not from the folder you started in"
                findings.append(Finding("other-folder", message, str(self.path), self.lines["path"]))
        return places, findings


def read_data_yaml(path: Path) -> DataYaml:
    """Read ``path``; nothing that it names is opened, and ``download`` is never carried out.

    Raises:
        InputError: not YAML, a value of the wrong kind, or neither names nor nc; with its line.
    """
    values, lines = read_yaml(path, "data.yaml", "docs/labels.md")

    def fail(key: str, expected: str) -> InputError:
        message = f"{key} is {short(values[key])}, expected {expected}"
        return InputError("wrong-value", message, where=f"{path}:{lines[key]}")

    findings = []
    if "valid" in values:
        findings.append(Finding("valid-key", "the split is called valid, read as val", str(path), lines["valid"]))
        if "val" not in values:
            values["val"], lines["val"] = values["valid"], lines["valid"]
    root = values.get("path")
    if root is not None and not isinstance(root, str):
        raise fail("path", "a folder")
    splits = {}
    for split in SPLITS:
        value = values.get(split)
        if value is None:
            continue
        entries = value if isinstance(value, list) else [value]
        if not entries or not all(isinstance(entry, str) and entry for entry in entries):
            raise fail(split, "a folder, a .txt list, or a list of them")
        splits[split] = tuple(entries)
    return DataYaml(path, root, splits, lines, _class_names(path, values, lines, fail), tuple(findings))


def _class_names(path: Path, values: dict[str, Any], lines: dict[str, int], fail: Any) -> tuple[str, ...]:
    nc, names = values.get("nc"), values.get("names")
    if nc is not None and not (isinstance(nc, int) and not isinstance(nc, bool) and 1 <= nc <= LARGEST_NC):
        raise fail("nc", f"a whole number from 1 to {LARGEST_NC}")
    if names is None:
        if nc is None:
            hint = "write names: [person, car], or nc: 2"
            raise InputError("missing-key", "neither names nor nc is given", where=str(path), hint=hint)
        return tuple(map(str, range(nc)))
    if isinstance(names, dict):
        if not names or sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise fail("names", f"the classes 0 to {max(len(names) - 1, 0)} as keys, without a gap")
        names = [names[i] for i in range(len(names))]
    if not isinstance(names, list) or not names or not all(isinstance(name, str | int | float) for name in names):
        raise fail("names", "a list of class names, or a mapping 0: name")
    if nc is not None and nc != len(names):
        message = f"nc is {nc}, but names has {count(len(names), 'class')}"
        raise InputError("classes-disagree", message, where=f"{path}:{lines['nc']}", hint="mend one of them")
    return tuple(map(str, names))
