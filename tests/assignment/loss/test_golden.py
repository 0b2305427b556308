"""The loss is that of the releases: its items to 1e-6 relative, its terms anchor by anchor."""

from __future__ import annotations

import numpy as np
import pytest

from tests.assignment.loss.losses import ANSWERED_BY, GoldenLoss, load
from yolo_assign_trace.assignment.loss.choice import end_to_end_weights
from yolo_assign_trace.tracers.memory import Memory

RELATIVE = 1e-6
ON_CIOU = 1e-6  # absolute, of numbers around 1: the release's boxes are decoded in float32
ON_SCORES = 4e-6  # absolute: metrics raise that to the sixth power, and targets follow
ON_CROSS_ENTROPY = 2e-5  # absolute: targets times logits
CASES = [
    "crowded",  # 164 positives, targets up to the last bin
    "empty_batch",  # nothing is positive: S = 1
    "ordinary",
    "study_grid",  # sums of targets below 1: S = 1 again
    "tiny_and_empty_image",
]
HEADS = ("one2many", "one2one")
TOGETHER = "reg_max_1_end_to_end"  # R = 1, two heads
ANSWERED = [(name, generation, "") for name in CASES for generation in ANSWERED_BY]
ANSWERED += [(TOGETHER, "8.4.144", head) for head in HEADS]


@pytest.fixture(scope="module", params=ANSWERED, ids=lambda case: "-".join(filter(None, case)))
def answered(request: pytest.FixtureRequest) -> tuple[GoldenLoss, Memory]:
    case = load(*request.param)
    return case, case.traced()


class TestSums:
    def test_the_items_are_what_training_prints(self, answered):
        case, made = answered
        expected = [case.answer(f"loss_{term}") for term in ("box", "cls", "dfl")]
        np.testing.assert_allclose(made["loss_items"], expected, rtol=RELATIVE, atol=0)

    def test_the_divisor(self, answered):
        case, made = answered
        np.testing.assert_allclose(made["divisor"], [case.answer("divisor")], rtol=RELATIVE)
        total = made["target_scores"].sum(dtype=np.float64)
        np.testing.assert_allclose(total, case.answer("target_scores_sum"), rtol=RELATIVE)

    def test_what_is_returned(self, answered):
        case, made = answered
        if case.head:
            pytest.skip("two heads return one loss")
        kind = made.run.assigner.stage("loss").result
        returned = kind.returned(made["loss_items"], case.inputs.batch)
        assert np.shape(returned) == case.answer("returned").shape
        np.testing.assert_allclose(returned, case.answer("returned"), rtol=RELATIVE, atol=0)


class TestTerms:
    def test_box_and_weight_of_every_positive(self, answered):
        case, made = answered
        np.testing.assert_array_equal(made["fg_mask"], case.answer("fg_mask"))
        if not case.has("ciou"):
            assert not case.answer("fg_mask").any()
            return
        image, anchor = case.answer("positives").T
        np.testing.assert_allclose(1 - made["box_loss"][image, anchor], case.answer("ciou"), rtol=0, atol=ON_CIOU)
        np.testing.assert_allclose(
            made["loss_weight"][image, anchor], case.answer("weight"), rtol=RELATIVE, atol=ON_SCORES
        )

    def test_distance_of_every_positive(self, answered):
        case, made = answered
        image, anchor = case.answer("positives").T
        term = next((name for name in ("dfl", "l1") if case.has(name)), "")
        if term:
            made_here = made["distance_loss"][image, anchor]
            np.testing.assert_allclose(made_here, case.answer(term), rtol=RELATIVE)
        if term == "dfl":  # of bins; the release keeps what it has clamped
            reach = int(case.arrays["reg_max"]) - 1.01
            clamped = made["target_distances"][image, anchor].clip(0, reach)
            np.testing.assert_allclose(clamped, case.answer("target_ltrb"), rtol=RELATIVE, atol=1e-6)

    def test_cross_entropy_of_every_anchor_and_class(self, answered):
        case, made = answered
        np.testing.assert_allclose(made["class_loss"], case.answer("bce"), rtol=RELATIVE, atol=ON_CROSS_ENTROPY)


class TestTwoHeads:
    def test_their_losses_are_added_with_weights_and_one_is_printed(self):
        many, one = (load(TOGETHER, "8.4.144", head) for head in HEADS)
        items = [case.traced()["loss_items"] for case in (many, one)]
        weights = end_to_end_weights(0, 100)
        images = many.inputs.batch
        returned = images * sum(weight * each for weight, each in zip(weights, items, strict=True))
        np.testing.assert_allclose(returned, many.arrays["8.4.144/returned"], rtol=RELATIVE)
        np.testing.assert_allclose(items[1], many.arrays["8.4.144/returned_items"], rtol=RELATIVE)

    def test_the_weights_move_once_an_epoch(self):
        rows = load(TOGETHER, "8.4.144", "one2one").arrays["weights"]
        assert len(rows) > 100
        for epochs, updates, many, one in rows.tolist():
            assert end_to_end_weights(int(updates), int(epochs)) == pytest.approx((many, one), rel=1e-12, abs=1e-12)
