"""What training looks at in an image file before it uses it: why it is dropped, and how large it is taken to be."""

from __future__ import annotations

import os
import stat
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

from ...assignment.releases import NEWEST_MEASURED, Release
from ..labels.findings import Finding
from .entries import Entry

SMALLEST = 10
"""px; an image with a smaller side is dropped."""

_ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held; values from 5 on swap width and height."""

_TIFF_SIZE = (0x0100, 0x0101)
"""The tags that say width and height as stored."""

_FORMATS = frozenset({"BMP", "JPEG", "MPO", "PNG", "TIFF", "WEBP", "HEIF"})
_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xae\x42\x60\x82"}
"""The last bytes of a whole file, of the formats that have an end mark."""


@dataclass(frozen=True)
class CheckedImage:
    """What is known of an image file.

    Attributes:
        finding: id of the finding that makes training drop the image, empty if it does not; and
        problem: what is said of it.
        size: (width, height) that decoding gives, which is what is letterboxed; None if it cannot be opened.
        checked: (width, height) that the check takes it to have; rectangular batches are sorted and shaped by it.
        rewritten: training writes the file anew, because bytes follow the end of the image.
    """

    finding: str = ""
    problem: str = ""
    size: tuple[int, int] | None = None
    checked: tuple[int, int] | None = None
    rewritten: bool = False


def look_at(entry: Entry, release: Release, *, decode: bool = False) -> CheckedImage | None:
    """The image of an entry, checked; sizes of COCO annotations are taken as they stand; None without an image."""
    if entry.size is not None:
        return CheckedImage(size=entry.size, checked=entry.size)
    return None if entry.image is None else check_image(entry.image, release, decode=decode)


def findings_about(entry: Entry, image: CheckedImage | None) -> list[Finding]:
    """Why training drops an image, or what else it does with the file."""
    if image is None or entry.image is None:
        return []
    if image.finding:
        return [Finding(image.finding, image.problem, entry.image)]
    if image.rewritten:
        return [Finding("image-rewritten", "bytes follow the end of the image", entry.image)]
    return []


def check_image(path: str, release: Release = NEWEST_MEASURED, *, decode: bool = False) -> CheckedImage:
    """Look at an image as the check of a release does.

    Args:
        path: of the file.
        release: of the package that trains.
        decode: decode every image; otherwise its header and its end tell, and only those with an odd end are read.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for
            return CheckedImage("image-not-readable", "it is no regular file")
        with open(path, "rb") as file, warnings.catch_warnings(action="ignore"):  # Pillow warns of large images
            with Image.open(file) as image:
                kind, stored, turned = _header(image, decode=decode)
                stored_as_shown = image.size  # of a TIFF, which Pillow has turned from some version on
            ends_well = _ends_well(file, kind)
        if decode or not ends_well:
            with warnings.catch_warnings(action="ignore"):
                with Image.open(path) as image:
                    image.verify()
                with Image.open(path) as image:
                    image.load()
    except FileNotFoundError:
        return CheckedImage("image-not-found", "there is no such image")
    except UnidentifiedImageError:
        return CheckedImage("image-not-readable", "its header is no image's")
    except Exception as error:  # damaged files make Pillow raise errors of many kinds
        return CheckedImage("image-not-readable", str(error) or type(error).__name__)
    swapped = stored[::-1]
    size = stored if turned < 5 or (kind == "AVIF" and release < (8, 4, 168)) else swapped
    checked = swapped if turned >= 5 else stored
    if release < (8, 4, 174):  # until then the check knew of two ways to turn a JPEG
        checked = swapped if kind == "JPEG" and turned in (6, 8) else stored_as_shown
    finding = problem = ""
    if min(checked) < SMALLEST:
        finding, problem = "image-too-small", f"it is {checked[0]}x{checked[1]} px, a side is under {SMALLEST} px"
    elif not _reads(kind, release):
        finding, problem = "image-format", f"its format is {kind}"
    return CheckedImage(finding, problem, size, checked, rewritten=kind == "JPEG" and not ends_well)


def _header(image: Any, *, decode: bool) -> tuple[str, tuple[int, int], int]:
    """Format, width and height as stored, and orientation."""
    size = image.size
    if image.format == "TIFF":
        size = tuple(int(image.tag_v2[tag]) for tag in _TIFF_SIZE)
    # Pillow decodes a PNG to look for an orientation behind its pixels
    hidden = image.format == "PNG" and "exif" not in image.info and not decode
    turned = 1 if hidden else image.getexif().get(_ORIENTATION, 1)
    return image.format, size, turned if isinstance(turned, int) and 1 <= turned <= 8 else 1


def _reads(kind: str, release: Release) -> bool:
    """Is it one of the formats that the release takes?"""
    if kind == "JPEG2000":
        return (8, 4, 7) <= release <= (8, 4, 81) or release >= (8, 4, 164)
    if kind == "AVIF":
        return release >= (8, 4, 7)
    return kind in _FORMATS


def _ends_well(file: BinaryIO, kind: str) -> bool:
    """Does the file end where its image does, as far as its last bytes tell?"""
    end = _ENDS.get(kind)
    if end is None:
        return True
    file.seek(max(0, file.seek(0, os.SEEK_END) - len(end)))
    return file.read() == end
