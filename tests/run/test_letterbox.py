"""How an image comes to lie in the network input: hand-calculated mappings, headers of images, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.datasets.image_files import image_size, parse_image_size
from yolo_assign_trace.run.letterbox import Letterbox, rect_imgsz

MAPPINGS = [
    # image (width, height), input (height, width), scaled, left, top
    ((640, 480), (640, 640), (640, 480), 0, 80),
    ((480, 640), (640, 640), (480, 640), 80, 0),
    ((640, 640), (640, 640), (640, 640), 0, 0),
    ((640, 427), (640, 640), (640, 427), 0, 106),  # 213 left over: 106 above, 107 below
    ((427, 640), (640, 640), (427, 640), 106, 0),  # the odd pixel goes to the right
    ((640, 426), (640, 640), (640, 426), 0, 107),
    ((1280, 720), (640, 640), (640, 360), 0, 140),  # scaled down
    ((320, 240), (640, 640), (640, 480), 0, 80),  # and up
    ((333, 500), (640, 640), (426, 640), 107, 0),  # 333 * 1.28 = 426.24
    ((500, 333), (320, 320), (320, 213), 0, 53),  # 213.12; 107 left over
    ((1000, 1), (640, 640), (640, 1), 0, 319),  # 0.64 rounds to a row
    ((1, 1000), (640, 640), (1, 640), 319, 0),
    ((2000, 1), (640, 640), (640, 1), 0, 319),  # 0.32 would be no row at all
    ((640, 480), (480, 640), (640, 480), 0, 0),  # an input of the same form
    ((640, 480), (320, 640), (427, 320), 106, 0),  # 426.67; the height is what fits
    ((100, 100), (384, 640), (384, 384), 128, 0),
]


@pytest.mark.parametrize(("size", "imgsz", "scaled", "left", "top"), MAPPINGS)
def test_mappings_by_hand(size, imgsz, scaled, left, top):
    box = Letterbox.of(size, imgsz)
    assert (box.scaled_width, box.scaled_height, box.left, box.top) == (*scaled, left, top)
    assert str(box).startswith(f"{size[0]}x{size[1]} px, scale ")
    assert str(box).endswith(f"left {left}, top {top}")


def test_a_box_by_hand():
    """The middle of a 640x480 image stays the middle; its upper edge comes to lie 80 px below that of the input."""
    box = Letterbox.of((640, 480), (640, 640))
    whole, corner = box.place(np.array([[0.5, 0.5, 1, 1], [0, 0, 0.5, 0.5]]))
    assert whole.tolist() == [0.5, 0.5, 1, 0.75]
    assert corner.tolist() == [0, 80 / 640, 0.5, 0.375]


sides = st.integers(1, 5000)
fractions = st.floats(0, 1, width=32)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(sides, sides, st.tuples(st.integers(1, 40), st.integers(1, 40)), st.tuples(*[fractions] * 4))
def test_an_image_fits_is_centred_and_a_box_comes_back(width, height, strides, place):
    imgsz = (32 * strides[0], 32 * strides[1])
    box = Letterbox.of((width, height), imgsz)
    right = imgsz[1] - box.left - box.scaled_width
    bottom = imgsz[0] - box.top - box.scaled_height
    assert min(box.left, box.top, right, bottom) >= 0
    assert right - box.left in (0, 1)  # an odd pixel goes to the right
    assert bottom - box.top in (0, 1)  # or to the bottom
    assert box.scaled_width == imgsz[1] or box.scaled_height == imgsz[0]
    for scaled, side in ((box.scaled_width, width), (box.scaled_height, height)):
        assert abs(scaled - side * box.scale) <= 0.5 or scaled == 1
    x, y, w, h = box.place(np.array([place]))[0]
    back = [
        (x * imgsz[1] - box.left) / box.scaled_width,
        (y * imgsz[0] - box.top) / box.scaled_height,
        w * imgsz[1] / box.scaled_width,
        h * imgsz[0] / box.scaled_height,
    ]
    np.testing.assert_allclose(back, place, atol=1e-9)


RECTS = [
    # image, long side, strides, input (height, width)
    ((640, 480), 640, (8, 16, 32), (480, 640)),
    ((480, 640), 640, (8, 16, 32), (640, 480)),
    ((640, 427), 640, (8, 16, 32), (448, 640)),  # the next whole stride
    ((640, 416), 640, (8, 16, 32), (416, 640)),  # and no more than that
    ((1280, 720), 640, (8, 16, 32), (384, 640)),
    ((500, 500), 640, (8, 16, 32), (640, 640)),
    ((1000, 1), 640, (8, 16, 32), (32, 640)),
    ((640, 427), 640, (8, 16, 32, 64), (448, 640)),
    ((640, 449), 640, (8, 16, 32, 64), (512, 640)),
    ((640, 480), 650, (8, 16, 32), (512, 672)),  # 487.5 and 650 rounded up
]


@pytest.mark.parametrize(("size", "long_side", "strides", "imgsz"), RECTS)
def test_the_smallest_input_in_whole_strides(size, long_side, strides, imgsz):
    assert rect_imgsz(size, long_side, strides) == imgsz


# --- sizes of images -------------------------------------------------------------------------------------------------

TURNS = [
    # EXIF orientation (None: no tag), size as shown of an image of 40x30 px
    (None, (40, 30)),
    *((turn, (40, 30)) for turn in (1, 2, 3, 4)),  # mirrored and upside down
    *((turn, (30, 40)) for turn in (5, 6, 7, 8)),  # on its side
    (0, (40, 30)),  # not a turn
    (9, (40, 30)),
]


@pytest.mark.parametrize(("turn", "size"), TURNS)
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
def test_the_header_tells_the_size_and_rotation_swaps_it(tmp_path, suffix, turn, size):
    exif = Image.Exif()
    if turn is not None:
        exif[0x0112] = turn
    Image.new("RGB", (40, 30)).save(tmp_path / f"a.{suffix}", exif=exif)
    assert image_size(str(tmp_path / f"a.{suffix}")) == size


BROKEN = [
    # content, part of the message
    (b"", "its header is no image's"),
    (b"hello", "its header is no image's"),
    (b"\x89PNG\r\n\x1a\n" + b"\xff" * 40, "cannot be read"),
    (b"BM" + b"\0" * 60, "cannot be read"),
    (b"II*\0\xff\xff\xff\xff", "cannot be read"),
]


@pytest.mark.parametrize(("content", "part"), BROKEN)
def test_broken_images_are_told_in_words(tmp_path, content, part):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(InputError, match=part) as caught:
        image_size(str(tmp_path / "a.jpg"))
    assert (caught.value.id, caught.value.where) == ("image-not-readable", str(tmp_path / "a.jpg"))
    assert "`image_size=WxH`" in caught.value.hint


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=12), st.sampled_from(["jpg", "png", "webp", "tiff", "bmp"]))
def test_damage_anywhere_gives_a_size_or_an_error(tmp_path_factory, start, damage, suffix):
    path = tmp_path_factory.getbasetemp() / f"damaged.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(path, exif=exif)
    data = bytearray(path.read_bytes())
    data[start % len(data) : start % len(data) + len(damage)] = damage
    path.write_bytes(data)
    try:
        width, height = image_size(str(path))
    except InputError as error:
        assert error.id == "image-not-readable"  # noqa: PT017 - either is right
    else:
        assert min(width, height) >= 0


SIZES = [("640x480", (640, 480)), ("640X480", (640, 480)), ("640×480", (640, 480)), (" 1 x 2 ", (1, 2))]


@pytest.mark.parametrize(("text", "size"), SIZES)
def test_sizes_as_people_write_them(text, size):
    assert parse_image_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "640", "640x", "x480", "0x480", "-1x2", "640x480x3", "6.4x480", "9" * 5000 + "x1"]
)
def test_what_is_no_size(text):
    with pytest.raises(InputError) as caught:
        parse_image_size(text)
    assert (caught.value.id, caught.value.where) == ("wrong-image-size", "image_size")
