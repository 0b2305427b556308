"""How an image comes to lie in the network input, by release and mode: hand-calculated mappings, and the way back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from yolo_assign_trace.basics.errors import InputError
from yolo_assign_trace.inputs.datasets.image_check import check_image
from yolo_assign_trace.inputs.datasets.image_files import parse_image_size
from yolo_assign_trace.run.letterbox import MODES, TRAIN, VAL, Letterbox, Placing, parse_mode

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
    ((333, 500), (640, 640), (427, 640), 106, 0),  # 333 * 1.28 = 426.24, rounded up
    ((500, 333), (320, 320), (320, 214), 0, 53),  # 213.12
    ((1000, 1), (640, 640), (640, 1), 0, 319),  # 0.64
    ((1, 1000), (640, 640), (1, 640), 319, 0),
    ((2000, 1), (640, 640), (640, 1), 0, 319),  # 0.32
    ((2000, 1999), (640, 640), (640, 640), 0, 0),  # 639.68, and not beyond the input
    ((640, 480), (480, 640), (640, 480), 0, 0),  # an input of the same form
    ((640, 480), (320, 640), (427, 320), 106, 0),  # 426.67; the height is what fits
    ((100, 100), (384, 640), (384, 384), 128, 0),
]


@pytest.mark.parametrize(("size", "imgsz", "scaled", "left", "top"), MAPPINGS)
def test_mappings_by_hand(size, imgsz, scaled, left, top):
    box = Letterbox.of(size, imgsz)
    assert (box.scaled_width, box.scaled_height, box.left, box.top) == (*scaled, left, top)
    assert str(box) == f"{size[0]}x{size[1]} px, scaled to {scaled[0]}x{scaled[1]}, left {left}, top {top}"


SHIFTS = [
    # release, mode, where an image of 640x427 px lies in 640x640: 213 px are left over
    ((8, 3, 36), VAL, 106.5),  # half pixels
    ((8, 3, 36), TRAIN, 106.5),
    ((8, 3, 37), VAL, 106),  # the odd pixel goes to the bottom
    ((8, 3, 37), TRAIN, 106),
    ((8, 4, 51), TRAIN, 106),
    ((8, 4, 52), TRAIN, 106.5),  # training only is back at half pixels
    ((8, 4, 52), VAL, 106),
    ((8, 4, 190), VAL, 106),
    ((8, 4, 190), TRAIN, 106.5),
]


@pytest.mark.parametrize(("release", "mode", "top"), SHIFTS)
def test_an_odd_pixel_of_padding_goes_where_the_release_puts_it(release, mode, top):
    assert Letterbox.of((640, 427), (640, 640), Placing(release, mode)).top == top


def test_a_box_by_hand():
    """The middle of a 640x480 image stays the middle; its upper edge comes to lie 80 px below that of the input."""
    box = Letterbox.of((640, 480), (640, 640))
    whole, corner = box.place(np.array([[0.5, 0.5, 1, 1], [0, 0, 0.5, 0.5]]))
    assert whole.tolist() == [0.5, 0.5, 1, 0.75]
    assert corner.tolist() == [0, 80 / 640, 0.5, 0.375]


sides = st.integers(1, 5000)
fractions = st.floats(0, 1, width=32)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    *(sides, sides, st.tuples(st.integers(1, 40), st.integers(1, 40)), st.tuples(*[fractions] * 4)),
    st.sampled_from([(8, 3, 36), (8, 3, 37), (8, 4, 52)]),
    st.sampled_from(MODES),
)
def test_an_image_fits_is_centred_and_a_box_comes_back(width, height, strides, place, release, mode):
    imgsz = (32 * strides[0], 32 * strides[1])
    box = Letterbox.of((width, height), imgsz, Placing(release, mode))
    right = imgsz[1] - box.left - box.scaled_width
    bottom = imgsz[0] - box.top - box.scaled_height
    assert min(box.left, box.top, right, bottom) >= 0
    assert right - box.left in (0, 1)  # an odd pixel goes to the right
    assert bottom - box.top in (0, 1)  # or to the bottom
    assert box.scaled_width == imgsz[1] or box.scaled_height == imgsz[0]
    scale = min(imgsz[1] / width, imgsz[0] / height)
    for scaled, side in ((box.scaled_width, width), (box.scaled_height, height)):
        assert 0 <= scaled - side * scale < 1 or math.isclose(scaled, side * scale)
    x, y, w, h = box.place(np.array([place]))[0]
    back = [
        (x * imgsz[1] - box.left) / box.scaled_width,
        (y * imgsz[0] - box.top) / box.scaled_height,
        w * imgsz[1] / box.scaled_width,
        h * imgsz[0] / box.scaled_height,
    ]
    np.testing.assert_allclose(back, place, atol=1e-9)


NEW, OLD = (8, 4, 190), (8, 2, 0)
RECTS = [
    # sizes of a batch (width, height), long side, largest stride, release, mode, input (height, width)
    ([(640, 480)], 640, 32, NEW, TRAIN, (480, 640)),
    ([(480, 640)], 640, 32, NEW, TRAIN, (640, 480)),
    ([(640, 427)], 640, 32, NEW, TRAIN, (448, 640)),  # the next whole stride
    ([(640, 416)], 640, 32, NEW, TRAIN, (416, 640)),  # and no more than that
    ([(640, 427)], 640, 32, NEW, VAL, (448, 672)),  # half a stride more on both sides: 13.34 + 0.5, 20 + 0.5
    ([(640, 416)], 640, 32, NEW, VAL, (448, 672)),
    ([(640, 427)], 640, 32, OLD, VAL, (448, 672)),  # ever since
    ([(640, 449)], 640, 64, NEW, TRAIN, (512, 640)),
    ([(1000, 1)], 640, 32, NEW, TRAIN, (32, 640)),
    ([(500, 500)], 640, 32, NEW, TRAIN, (640, 640)),
    ([(640, 320), (640, 480)], 640, 32, NEW, TRAIN, (480, 640)),  # the highest of images that are all wide
    ([(320, 640), (480, 640)], 640, 32, NEW, TRAIN, (640, 480)),  # the widest of images that are all high
    ([(640, 320), (320, 640)], 640, 32, NEW, TRAIN, (640, 640)),  # of both kinds: a square
    ([(640, 320), (500, 500)], 640, 32, NEW, TRAIN, (640, 640)),
    ([(640, 427)], 640, 32, (8, 4, 51), TRAIN, (448, 640)),
    ([(640, 427)], 640, 32, (8, 4, 52), TRAIN, (640, 640)),  # training was square for a while
    ([(640, 427)], 640, 32, (8, 4, 84), TRAIN, (640, 640)),
    ([(640, 427)], 640, 32, (8, 4, 85), TRAIN, (448, 640)),
    ([(640, 427)], 640, 32, (8, 4, 60), VAL, (448, 672)),  # validation never
]


@pytest.mark.parametrize(("sizes", "long_side", "stride", "release", "mode", "imgsz"), RECTS)
def test_the_input_of_a_rectangular_batch(sizes, long_side, stride, release, mode, imgsz):
    assert Placing(release, mode).rect_imgsz(sizes, long_side, stride) == imgsz


def test_in_a_rectangular_input_an_image_is_as_large_as_in_the_square():
    """It is not scaled again, although there is room."""
    box = Letterbox.of((640, 427), (448, 672), long_side=640)
    assert (box.scaled_width, box.scaled_height, box.left, box.top) == (640, 427, 16, 10)
    half = Letterbox.of((1280, 853), (448, 672), long_side=640)
    assert (half.scaled_width, half.scaled_height) == (640, 427)


def test_there_are_two_modes():
    assert [parse_mode(mode) for mode in ("val", "train")] == [VAL, TRAIN]
    with pytest.raises(InputError) as caught:
        parse_mode("trian")
    assert (caught.value.id, caught.value.where, caught.value.hint) == ("unknown-mode", "mode", "did you mean train?")


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
    for decode in (False, True):
        assert check_image(str(tmp_path / f"a.{suffix}"), decode=decode).size == size


BROKEN = [
    # content, part of the message
    (b"", "its header is no image's"),
    (b"hello", "its header is no image's"),
    (b"\x89PNG\r\n\x1a\n" + b"\xff" * 40, ""),  # here Pillow says what is wrong
    (b"BM" + b"\0" * 60, ""),
    (b"II*\0\xff\xff\xff\xff", ""),
]


@pytest.mark.parametrize(("content", "part"), BROKEN)
def test_broken_images_are_told_in_words(tmp_path, content, part):
    (tmp_path / "a.jpg").write_bytes(content)
    checked = check_image(str(tmp_path / "a.jpg"))
    assert (checked.finding, checked.size) == ("image-not-readable", None)
    assert checked.problem
    assert part in checked.problem


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=12), st.sampled_from(["jpg", "png", "webp", "tiff", "bmp"]))
def test_damage_anywhere_gives_a_size_or_a_problem_in_words(tmp_path_factory, start, damage, suffix):
    path = tmp_path_factory.getbasetemp() / f"damaged.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(path, exif=exif)
    data = bytearray(path.read_bytes())
    data[start % len(data) : start % len(data) + len(damage)] = damage
    path.write_bytes(data)
    for decode in (False, True):
        checked = check_image(str(path), decode=decode)
        if checked.size is None:
            assert (checked.finding, bool(checked.problem)) == ("image-not-readable", True)
        else:
            assert min(checked.size) >= 0
            assert checked.checked is not None


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
