"""The untraced form gives the bits of the stages, which are the form to read, whatever memory the tensors lie in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.assignment import golden_cases
from tests.assignment.scene import Scene
from tests.assignment.strategies import examples, scenes
from yolo_assign_trace.assignment.call import RESULTS
from yolo_assign_trace.assignment.generations import GENERATIONS
from yolo_assign_trace.assignment.untraced import assign as untraced

GENERATIONS_WITH_IT = [name for name in GENERATIONS if name != "8.0.0"]


def assert_same(scene: Scene) -> None:
    made, staged = scene.results(), scene.tensors(*RESULTS)
    for name in RESULTS:
        expected = torch.from_numpy(staged[name])
        assert made[name].dtype == expected.dtype, name
        assert torch.equal(made[name].nan_to_num(nan=-1), expected.nan_to_num(nan=-1)), name


def with_odd_numbers(scene: Scene, seed: int) -> Scene:
    """NaN and infinity here and there."""
    random = torch.Generator().manual_seed(seed)
    odd = {}
    for name in ("pd_scores", "pd_bboxes", "gt_bboxes"):
        tensor = getattr(scene, name).clone()
        for value in (torch.nan, torch.inf):
            tensor[torch.rand(tensor.shape, generator=random) < 0.01] = value
        odd[name] = tensor
    return replace(scene, **odd)


@pytest.mark.parametrize("generation", GENERATIONS_WITH_IT)
class TestOnRandomScenes:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @examples(60)
    @given(data=st.data())
    def test_ties_tiny_boxes_and_hopeless_predictions(
        self, generation: str, dtype: torch.dtype, data: st.DataObject
    ) -> None:
        assert_same(data.draw(drawn(generation, scenes(dtype, min_boxes=1))))

    @examples(40)
    @given(data=st.data(), seed=st.integers(0, 1000))
    def test_odd_numbers(self, generation: str, data: st.DataObject, seed: int) -> None:
        assert_same(with_odd_numbers(data.draw(drawn(generation, scenes(min_boxes=1))), seed))

    @examples(40)
    @given(data=st.data())
    def test_one_pair_at_a_time_is_the_same(self, generation: str, data: st.DataObject) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(untraced, "AT_ONCE", 1)
            assert_same(data.draw(drawn(generation, scenes(min_boxes=1, max_images=1))))


@st.composite
def drawn(draw: st.DrawFn, generation: str, some: st.SearchStrategy[Scene]) -> Scene:
    """A scene for the generation, with topk2 where it has that."""
    scene = draw(some)
    asked = scene.assigner.parameters
    parameters = {"topk": asked.topk, "alpha": asked.alpha, "beta": draw(st.sampled_from([asked.beta, 0.0]))}
    if generation >= "8.4":
        parameters["topk2"] = draw(st.sampled_from([None, 1, 2]))
    return replace(scene, assigner=GENERATIONS[generation].with_parameters(**parameters))


def padding_in_the_middle(scene: Scene) -> Scene:
    """A slot that is not valid between valid ones, with numbers that would matter if it were."""
    mask = scene.mask_gt.clone()
    mask[:, 1::3] = False
    return replace(scene, mask_gt=mask)


def strided(tensor: Tensor) -> Tensor:
    """The same numbers, every second one of a larger memory."""
    return torch.stack([tensor, tensor], dim=-1)[..., 0]


LAYOUTS: dict[str, Callable[[Scene], Scene]] = {
    "as it comes": lambda scene: scene,
    "scores by class": lambda scene: replace(
        scene, pd_scores=scene.pd_scores.permute(2, 0, 1).clone().permute(1, 2, 0)
    ),
    "boxes by side": lambda scene: replace(scene, pd_bboxes=scene.pd_bboxes.permute(2, 0, 1).clone().permute(1, 2, 0)),
    "all strided": lambda scene: replace(scene, **{name: strided(tensor) for name, tensor in scene.inputs.items()}),
    "one image expanded": lambda scene: replace(
        scene, **{name: scene.inputs[name][:1].expand_as(scene.inputs[name]) for name in ("pd_scores", "pd_bboxes")}
    ),
    "boxes behind their labels, as the loss splits them": lambda scene: replace(
        scene, gt_bboxes=torch.cat([scene.gt_labels.float(), scene.gt_bboxes], dim=-1).split((1, 4), 2)[1]
    ),
    "one image of such boxes": lambda scene: replace(
        scene,
        **{name: scene.inputs[name][:1] for name in ("pd_scores", "pd_bboxes", "gt_labels", "mask_gt")},
        gt_bboxes=torch.cat([scene.gt_labels.float(), scene.gt_bboxes], dim=-1)[:1].split((1, 4), 2)[1],
    ),
    "padding in the middle": padding_in_the_middle,
    "an image of padding": lambda scene: replace(
        scene, mask_gt=scene.mask_gt & (torch.arange(len(scene.mask_gt)) > 0).view(-1, 1, 1)
    ),
    "nothing but padding": lambda scene: replace(scene, mask_gt=torch.zeros_like(scene.mask_gt)),
}


@pytest.mark.parametrize("generation", GENERATIONS_WITH_IT)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["duplicates_and_nested", "square_10", "half_fp16_crowded"])
def test_layouts_of_memory_and_padding(name: str, layout: str, generation: str) -> None:
    assert_same(LAYOUTS[layout](golden_cases.load(name, generation).scene))
