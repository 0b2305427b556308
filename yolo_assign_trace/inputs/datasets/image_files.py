"""Which files are images, and where their labels lie."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ...basics.errors import InputError, Parameter
from ..reading.files import refusal

SUFFIXES = frozenset(["avif", "bmp", "dng", "heic", "heif", "jp2", "jpeg", "jpg", "mpo", "png", "tif", "tiff", "webp"])
"""Image files by their ending, in any case."""

_LABEL_FOLDERS = ("labels", "label", "annotations")
"""Folders, in any case, in which labels may have been put by mistake."""


def is_image(name: str) -> bool:
    return name.rpartition(".")[2].lower() in SUFFIXES and "." in name


def files_below(folder: str) -> Iterator[str]:
    """All files below a folder, links followed once.

    Raises:
        InputError: a folder that cannot be read; nothing is passed over in silence.
    """

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise refusal(Path(error.filename), "folder", error)

    visited = set()
    for here, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        folders.sort()  # so that of two links to a folder the same one is followed everywhere
        real = os.path.realpath(here)
        if real in visited:  # a link that leads back
            folders.clear()
            continue
        visited.add(real)
        place = "" if here == "." else here.removeprefix("./")
        yield from (os.path.join(place, name) for name in names)


def label_of(image: str, *, as_written: bool = False) -> str:
    """Where the label of an image lies: the last ``/images/`` becomes ``/labels/``; otherwise beside the image.

    Folders become whole paths in training, so a path that begins with ``images/`` counts as well; a line of a list
    is taken ``as_written``, and there it does not.

    >>> label_of("data/images/val/a.b.jpg")
    'data/labels/val/a.b.txt'
    >>> label_of("images/a.jpg"), label_of("images/a.jpg", as_written=True)
    ('labels/a.txt', 'images/a.txt')
    """
    beside = as_written and "/images/" not in image
    return (image if beside else _swapped(image, "images", "labels")).rpartition(".")[0] + ".txt"


def _swapped(path: str, folder: str, other: str) -> str:
    """``path`` with the last folder of that name called otherwise."""
    before, folder_found, after = f"/{path}".rpartition(f"/{folder}/")
    return f"{before}/{other}/{after}"[1:] if folder_found else path


class ImageFinder:
    """Finds the image that a label file belongs to; every folder is listed once."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, str]] = {}

    def image_of(self, label: str) -> str | None:
        """The image of ``label``, if there is one: the last ``/labels/`` becomes ``/images/``."""
        folder, name = os.path.split(_swapped(label, "labels", "images"))
        if folder not in self._folders:
            try:
                names = sorted(filter(is_image, os.listdir(folder or ".")), reverse=True)
            except OSError:
                names = []
            self._folders[folder] = {image.rpartition(".")[0]: image for image in names}  # the first by name
        image = self._folders[folder].get(name.rpartition(".")[0])
        return os.path.join(folder, image) if image else None


class NearMisses:
    """Finds files that may have been meant as the label of an image that has none; every folder is listed once."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, list[str]]] = {}

    def of(self, image: str, label: str) -> list[str]:
        """Files called like the image, in whatever case, also ``a.jpg.txt``, where labels are often put.

        Args:
            image: path of the image.
            label: where training looks for its label.
        """
        folder, name = os.path.split(image)
        near = []
        for place in dict.fromkeys([folder, os.path.dirname(label), *self._label_folders(folder)]):
            for stem in (name.rpartition(".")[0], name):
                near += [os.path.join(place, file) for file in self._named(place, f"{stem}.txt")]
        others = [path for path in near if path != label and os.path.isfile(path)]
        return [path for path in others if not self._has_its_own_image(path, image)]

    def _label_folders(self, folder: str) -> list[str]:
        """Folders for labels: in the folder of the images, and in place of the last folder ``images``."""
        places = [os.path.join(folder, other) for other in self._named(folder, *_LABEL_FOLDERS)]
        parts = folder.split("/")
        at = next((i for i in reversed(range(len(parts))) if parts[i].casefold() == "images"), None)
        if at is None:
            return places
        before = "/".join(parts[:at]) or ("/" if at else "")
        swapped = [os.path.join(before, other) for other in self._named(before, *_LABEL_FOLDERS)]
        for part in parts[at + 1 :]:
            swapped = [os.path.join(place, below) for place in swapped for below in self._named(place, part)]
        return places + swapped

    def _named(self, folder: str, *names: str) -> list[str]:
        """What is called so in ``folder``, in whatever case, sorted."""
        if folder not in self._folders:
            listing: dict[str, list[str]] = {}
            with contextlib.suppress(OSError):
                for entry in sorted(os.listdir(folder or ".")):
                    listing.setdefault(entry.casefold(), []).append(entry)
            self._folders[folder] = listing
        return [entry for name in names for entry in self._folders[folder].get(name.casefold(), [])]

    def _has_its_own_image(self, path: str, image: str) -> bool:
        """Does the label ``path`` belong to another image, beside ``image``, by its exact name?"""
        stem = os.path.basename(path).rpartition(".")[0]
        folder, name = os.path.split(image)
        images = self._named(folder, *(f"{stem}.{suffix}" for suffix in SUFFIXES))
        return stem != name.rpartition(".")[0] and any(other.rpartition(".")[0] == stem for other in images)


def parse_image_size(text: str) -> tuple[int, int]:
    """``WxH`` in px.

    >>> parse_image_size("640x480")
    (640, 480)

    Raises:
        InputError: anything else.
    """
    width, _, height = text.lower().replace("×", "x").partition("x")
    if width.strip().isdecimal() and height.strip().isdecimal() and len(text) < 20 and int(width) and int(height):
        return int(width), int(height)
    hint = "write width x height, such as 640x480"
    raise InputError("wrong-image-size", f"{text!r} is no image size", where=Parameter("image_size"), hint=hint)
