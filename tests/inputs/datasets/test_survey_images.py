"""What a survey says of images, and of boxes in them: why training drops them, by release and mode."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.inputs.datasets.made import ROW, put_all, put_images, survey_of
from yolo_assign_trace.inputs.labels.findings import ERROR
from yolo_assign_trace.run.letterbox import TRAIN, Placing

IMAGES = Path(__file__).parent / "image_cases"


def test_the_size_comes_from_the_image_where_it_matters(here):
    put_all({"labels/a.txt": "0 .5 .5 .003125 .5\n", "labels/b.txt": "0 0 0 .5 .5\n"})
    Path("images").mkdir()
    for name in ("a", "b"):
        Image.new("RGB", (480, 640)).save(f"images/{name}.jpg")
    found = survey_of("images")
    assert found.groups["under-2-px"].first[0].message == "the box is 1.50x320.00 px at imgsz 640"
    assert "ignored-as-padding" not in found.groups  # the image lies 80 px from the left


def test_in_a_thin_image_a_large_box_may_be_tiny(here):
    put_all({"labels/a.txt": "0 .5 .5 .5 .1\n"})
    Path("images").mkdir()
    Image.new("RGB", (1000, 20)).save("images/a.png")  # 640x13 px in the input
    assert survey_of("images").groups["under-2-px"].first[0].message == "the box is 320.00x1.30 px at imgsz 640"


def test_images_that_are_missing_or_broken(here):
    put_all({"labels/a.txt": "0 .5 .5 .01 .01\n", "labels/b.txt": ROW, "images/a.jpg": "no image"})
    put_all({"list.txt": "./images/a.jpg\n./images/b.jpg\n"})
    found = survey_of("list.txt")
    assert [(kind, group.first[0].where) for kind, group in found.ordered()] == [
        ("image-not-readable", "images/a.jpg"),
        ("image-not-found", "images/b.jpg"),
    ]
    assert (found.dropped, found.boxes) == (1, 1)  # a broken image is dropped with its boxes
    assert (found.image_files, found.decoded) == (1, 0)


LOOKED_AT = [
    # rows of three labels, of which image 1 is broken; options, images dropped, boxes left
    ((ROW, ROW, ROW), {}, 1, 2),  # whatever its boxes are
    ((ROW, "0 .5 .5\n", "0 0 0 .5 .5\n"), {}, 1, 2),  # an image with two faults is dropped once
    (("0 .5 .5\n", ROW, ROW), {}, 2, 1),
    ((ROW, ROW, ROW), {"image_size": (640, 640)}, 1, 2),  # training opens the image all the same
    ((ROW, ROW, ROW), {"letterboxed": True}, 1, 2),
]


@pytest.mark.parametrize(("rows", "options", "dropped", "boxes"), LOOKED_AT)
def test_every_image_is_looked_at_and_a_broken_one_dropped(here, rows, options, dropped, boxes):
    put_images("0", "1", "2")
    put_all({f"labels/{i}.txt": text for i, text in enumerate(rows)} | {"images/1.png": "x"})
    for decode in (False, True):
        found = survey_of("images", decode=decode, **options)
        assert (found.dropped, found.boxes) == (dropped, boxes)
        assert (found.image_files, found.decoded) == (3, 3 if decode else 0)
        assert found.groups["image-not-readable"].first[0].message == "its header is no image's"


DROPPED = [
    # file of the golden images, release, decode, (id, part of the message) of what is said
    ("01_ok.png", (8, 4, 190), True, []),
    ("04_9px.png", (8, 4, 190), False, [("image-too-small", "a side is under 10 px")]),
    ("05_10px.png", (8, 4, 190), False, []),
    ("06_gif_in_png.png", (8, 4, 190), False, [("image-format", "its format is GIF")]),
    ("28_ok.jp2", (8, 4, 81), False, []),
    ("28_ok.jp2", (8, 4, 82), False, [("image-format", "its format is JPEG2000")]),
    ("30_ok.avif", (8, 4, 6), False, [("image-format", "its format is AVIF")]),
    ("11_no_end.jpg", (8, 4, 190), False, [("image-not-readable", "truncated")]),
    ("12_tail.jpg", (8, 4, 190), False, [("image-rewritten", "bytes follow the end")]),
    ("29_bad_crc.png", (8, 4, 190), False, []),  # its pixels are not looked at
    ("29_bad_crc.png", (8, 4, 190), True, [("image-not-readable", "")]),
    ("36_9px_after_rotation.jpg", (8, 4, 190), False, [("image-too-small", "")]),  # one side is 9 px either way
]


@pytest.mark.parametrize(("file", "release", "decode", "said"), DROPPED)
def test_why_training_drops_an_image(here, file, release, decode, said):
    name = f"images/{file}"
    put_all({name: "", f"labels/{Path(file).stem}.txt": ROW})
    Path(name).write_bytes((IMAGES / file).read_bytes())
    found = survey_of("images", placing=Placing(release), decode=decode)
    first = [group.first[0] for _, group in found.ordered()]
    assert [(finding.id, finding.where) for finding in first] == [(kind, name) for kind, _ in said]
    assert all(part in finding.message for finding, (_, part) in zip(first, said, strict=True))
    refused = any(finding.grade == ERROR for finding in first)
    assert (found.dropped, found.boxes) == ((1, 0) if refused else (0, 1))


TRAINED = [
    # row, image (width, height), (id, part of the message); into 64x64 px, as training places
    ("0 .5 .5 .5 .5", (64, 64), []),
    ("0 .9 .5 .5 .5", (64, 64), [("leaves-the-image", ""), ("clipped-in-training", "41.6, 16 to 64, 48 px are left")]),
    ("0 .5 .5 .03125 .5", (64, 64), [("dropped-in-training", "2x32.00 px lie in the input, a side is not over 2 px")]),
    ("0 .5 .5 1 .032", (128, 64), [("under-2-px", ""), ("dropped-in-training", "a side is not over 2 px")]),
    ("0 0 .5 .5 .5", (32, 64), [("leaves-the-image", "")]),  # into the padding, where nothing is clipped
    ("0 .2 .2 .8 .2 .8 .8", (64, 64), [("remade-in-training", "not the one around the points")]),
]


@pytest.mark.parametrize(("row", "size", "said"), TRAINED)
def test_what_training_does_to_boxes_is_said_if_asked_for(here, row, size, said):
    put_all({"labels/a.txt": row + "\n"})
    Path("images").mkdir()
    Image.new("RGB", size).save("images/a.png")
    options = {"imgsz": (64, 64), "placing": Placing(mode=TRAIN)}
    first = [group.first[0] for _, group in survey_of("images", **options).ordered()]
    assert sorted(finding.id for finding in first) == sorted(kind for kind, _ in said)
    assert all(any(part in finding.message for finding in first if finding.id == kind) for kind, part in said)
    in_validation = survey_of("images", **options | {"placing": Placing()}).groups
    assert not any(kind.endswith("-in-training") for kind in in_validation)
