"""What cannot be read as head outputs is refused with everything that is known about it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.inputs.heads.arrays import KNOWN, V8_64, V8_640, detect, maps, zeros
from yolo_assign_trace.basics.errors import InputError

TWO_HEADS = zeros(one2many__boxes=(1, 64, 84), one2many__scores=(1, 3, 84)) | zeros(
    one2one__boxes=(1, 64, 84), one2one__scores=(1, 3, 84)
)

REFUSED = [
    # arrays, what was said, id, place, parts of the message, part of the hint
    ({}, "nothing", "no-maps", "my.pt", ["no array"], ""),
    (zeros(p3=(8, 8)), "nothing", "not-a-map", "my.pt[p3]", ["float32 [8, 8]", "(b, 4·R+c, a)"], "per level"),
    (zeros(p3=(1, 65, 0, 8)), "nothing", "not-a-map", "my.pt[p3]", ["[1, 65, 0, 8]"], "per level"),
    (zeros(p3=(1, 3, 8, 8, 85)), "nothing", "not-a-map", "my.pt[p3]", ["[1, 3, 8, 8, 85]"], "per level"),
    ({"p3": np.ones((1, 65, 84), bool)}, "nothing", "not-a-map", "my.pt[p3]", ["bool"], "per level"),
    (zeros(a=(1, 65, 84), b=(1, 65, 84)), "nothing", "not-a-map", "my.pt[a]", ["beside b"], "boxes and scores"),
    (zeros(y=(1, 84, 84)) | maps(65, V8_64), "nothing", "not-a-map", "my.pt[y]", ["beside p3"], ""),
    (zeros(boxes=(1, 64, 84)) | maps(67, V8_64), "nothing", "not-a-map", "my.pt[boxes]", ["beside p3"], ""),
    (
        zeros(boxes=(1, 64, 84), scores=(1, 3, 84), angle=(1, 1, 84)),
        *("nothing", "not-a-map", "my.pt[angle]", ["beside boxes and scores"], ""),
    ),
    (zeros(boxes=(1, 64, 8, 8), scores=(1, 3, 84)), "nothing", "not-a-map", "my.pt[boxes]", ["[1, 64, 8, 8]"], ""),
    # parts that disagree
    (maps(65, V8_64[:2]) | maps(66, [(1, 1)]), "nothing", "heads-disagree", "my.pt[p3]", ["1, 66"], "same b, R and c"),
    (zeros(boxes=(1, 64, 84), scores=(2, 3, 84)), "nothing", "heads-disagree", "my.pt[scores]", ["2, 84"], ""),
    (zeros(boxes=(1, 64, 84), scores=(1, 3, 85)), "nothing", "heads-disagree", "my.pt[scores]", ["1, 85"], ""),
    (
        zeros(boxes=(1, 64, 84), scores=(1, 3, 84), feats__0=(1, 3, 9, 9)),
        *("nothing", "heads-disagree", "my.pt[boxes]", ["feats have 81 cells", "(1, 64, 84)"], ""),
    ),
    # levels
    (maps(65, V8_64[:2]), "nothing", "heads-do-not-fit", "my.pt", ["2 maps of 8x8, 4x4 cells"], "`shapes=my.yaml`"),
    (maps(65, [(8, 8)]), "nothing", "heads-do-not-fit", "my.pt", ["1 map of 8x8 cells"], "`shapes=my.yaml`"),
    (
        maps(65, V8_64),
        *("yolov8 640", "heads-do-not-fit", "my.pt"),
        ["expected 3 maps of 80x80, 40x40, 20x20 cells for `shapes=yolov8`, found 3 of 8x8, 4x4, 2x2"],
        "these maps fit `shapes=study`",
    ),
    (maps(65, V8_640), "imgsz 64", "heads-do-not-fit", "my.pt", ["at 64 px"], "fit `shapes=yolov8` `imgsz=640`"),
    (zeros(array=(1, 65, 85)), "study", "heads-do-not-fit", "my.pt", ["84 anchors for `shapes=study`, found 85"], ""),
    (zeros(array=(1, 144, 5040)), "nothing", "heads-do-not-fit", "my.pt", ["for a square input"], "`imgsz=height"),
    (zeros(array=(1, 144, 5040)), "imgsz 640", "heads-do-not-fit", "my.pt", ["5040 anchors at 640 px"], ""),
    (zeros(array=(1, 300, 6)), "nothing", "heads-do-not-fit", "my.pt", ["6 anchors"], "final detections"),
    (zeros(p3=(65, 8, 8)), "nothing", "heads-do-not-fit", "my.pt", ["8 anchors"], "`shapes=my.yaml`"),  # no batch axis
    # several readings
    (
        maps(144, [(160, 160), *V8_640]),
        *("nothing", "ambiguous-heads", "my.pt"),
        ["4 maps", "`shapes=yolov8-p2` `imgsz=640`", "`shapes=yolov8-p6` `imgsz=1280`"],
        "`imgsz`",
    ),
    (
        zeros(array=(1, 144, 85)),
        *("nothing", "ambiguous-heads", "my.pt"),
        ["85 anchors", "`shapes=yolov8-p2` `imgsz=32`", "`shapes=yolov8-p6` `imgsz=64`"],
        "`imgsz`",
    ),
    (
        zeros(array=(1, 8400, 84)),
        *("nothing", "ambiguous-heads", "my.pt"),
        ["84 anchors, 8400 channels (`shapes=study`)", "8400 anchors, 84 channels (`shapes=yolov8` `imgsz=640`)"],
        "`shapes`",
    ),
    (
        maps(64, V8_64),  # too few for 16 bins
        *("nothing", "ambiguous-heads", "my.pt"),
        ["64 channels can be 60 classes at reg_max 1 or 48 classes at reg_max 4 or 32 classes at reg_max 8"],
        "`nc` or `reg_max`",
    ),
    (
        maps(17, V8_64),  # the fewest
        *("nothing", "ambiguous-heads", "my.pt", ["13 classes at reg_max 1 or 1 class at reg_max 4"], "`reg_max`"),
    ),
    (TWO_HEADS, "nothing", "ambiguous-heads", "my.pt", ["2 heads: one2many, one2one"], 'outputs["one2many"]'),
    (
        zeros(a__boxes=(1, 64, 84), a__scores=(1, 3, 84), b__boxes=(1, 64, 84)),
        *("nothing", "ambiguous-heads", "my.pt", ["2 heads: a.boxes, b.boxes"], 'outputs["a"]'),
    ),
    # channels, with everything that is known of the classes
    (maps(4, V8_64), "nothing", "wrong-channels", "my.pt", ["4·1 + 1 = 5 channels", "found 4"], "4·reg_max + nc"),
    (
        maps(144, V8_64),
        *("nc 20 of data.yaml", "wrong-channels", "my.pt"),
        ["4·16 + 20 = 84 channels for 20 classes (data.yaml)", "found 144: 80 classes at reg_max 16"],
        "mend data.yaml or `reg_max`: channels = 4·reg_max + nc; 20 classes would be `reg_max=31`",
    ),
    (
        maps(144, V8_64),
        *("labels of 90 classes", "wrong-channels", "my.pt"),
        ["found 144: 80 classes at reg_max 16; the labels need at least 90 classes"],
        "",
    ),
    (
        zeros(boxes=(1, 64, 84), scores=(1, 3, 84)),
        *("nc 80", "wrong-channels", "my.pt", ["80 classes (`nc`)", "found 64 + 3: 3 classes"], "`nc`"),
    ),
    (
        zeros(boxes=(1, 64, 84), scores=(1, 3, 84)),
        *("reg_max 1", "wrong-channels", "my.pt", ["at reg_max 1, found 64 + 3: 3 classes at reg_max 16"], ""),
    ),
    (zeros(boxes=(1, 63, 84), scores=(1, 3, 84)), "nothing", "wrong-channels", "my.pt", ["a multiple of 4"], ""),
    (
        maps(12, [(4, 4)]) | {"p3": np.zeros((1, 13, 4, 4), np.float32)},
        *("one map, a file of 4 classes", "wrong-channels", "my.pt", ["4 classes (my.yaml) at reg_max 2"], ""),
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row[2]} {[a.shape for a in row[0].values()]} {row[1]}")
def test_what_does_not_fit_is_refused_with_everything_that_is_known(row):
    arrays, said, kind, place, parts, hint = row
    with pytest.raises(InputError) as caught:
        detect(arrays, KNOWN[said])
    error = caught.value
    assert (error.id, error.where) == (kind, place)
    assert all(part in error.message for part in parts), error.message
    assert hint in error.hint


def decoded(channels: int, anchors: int, largest: float, scores: tuple[float, float]) -> np.ndarray:
    """Boxes up to ``largest``, scores evenly between two numbers."""
    boxes = np.linspace(0, largest, 4 * anchors).reshape(1, 4, anchors)
    classes = np.linspace(*scores, (channels - 4) * anchors).reshape(1, channels - 4, anchors)
    return np.concatenate([boxes, classes], axis=1).astype(np.float32)


DECODED = [
    # arrays, are they decoded predictions?
    ({"array": decoded(84, 8400, 640, (0, 1))}, True),  # as exported models answer: boxes in px, probabilities
    ({"array": decoded(84, 8400, 640, (0, 1)).swapaxes(1, 2)}, True),
    ({"boxes": decoded(84, 8400, 640, (0, 1))[:, :4], "scores": decoded(84, 8400, 640, (0, 1))[:, 4:]}, True),
    ({"array": decoded(84, 8400, 640, (-6, 1))}, False),  # logits
    ({"array": decoded(84, 8400, 79, (0, 1))}, False),  # distances in cells: no wider than the finest map
    ({"array": np.zeros((1, 84, 8400), np.float32)}, False),
    ({"array": np.full((1, 84, 8400), np.nan, np.float32)}, False),
]


@pytest.mark.parametrize(("arrays", "is_decoded"), DECODED)
def test_decoded_predictions_are_no_raw_outputs(arrays, is_decoded):
    said = KNOWN["yolov8 640"]
    if not is_decoded:
        detect(arrays, said)
        return
    with pytest.raises(InputError, match="640 px and all scores within") as caught:
        detect(arrays, said)
    assert caught.value.id == "decoded-heads"
    assert "`capture`" in caught.value.hint
