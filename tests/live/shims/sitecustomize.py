"""What it takes to train with real releases on a CPU-only torch; on PYTHONPATH it is imported before anything else.

1. torchvision's compiled operators do not load beside a CPU build of torch: its fakes are not registered, and
   non-maximum suppression, which only validation needs, is a short Python function.
2. Old releases call torch.load for whole pickled models, which newer torch refuses by default.
3. numpy 2.4 has no `trapz`, which old releases use for average precision.
"""

import sys


class _Patcher:
    """Waits for torchvision to be imported, then steps aside."""

    def find_spec(self, name, path=None, target=None):
        if name != "torchvision":
            return
        sys.meta_path.remove(self)
        import torch

        register, load = torch.library.register_fake, torch.load

        def skip(op, *args, **kwargs):
            return (lambda f: f) if str(op).startswith("torchvision::") else register(op, *args, **kwargs)

        torch.library.register_fake = torch.library.impl_abstract = skip
        torch.load = lambda *args, **kwargs: load(*args, **{"weights_only": False, **kwargs})
        import numpy as np

        if not hasattr(np, "trapz"):
            np.trapz = np.trapezoid  # noqa: NPY201
        import torchvision.ops

        torchvision.ops.nms = torchvision.ops.boxes.nms = _nms


def _nms(boxes, scores, iou_threshold):
    import torch

    order, keep = scores.argsort(descending=True)[:300], []
    while len(order):
        best, order = order[0], order[1:]
        keep.append(best)
        low = torch.maximum(boxes[best, :2], boxes[order, :2])
        high = torch.minimum(boxes[best, 2:], boxes[order, 2:])
        inter = (high - low).clamp(0).prod(-1)
        area = (boxes[:, 2:] - boxes[:, :2]).prod(-1)
        order = order[inter / (area[best] + area[order] - inter) <= iou_threshold]
    return torch.stack(keep) if keep else torch.zeros(0, dtype=torch.long)


sys.meta_path.insert(0, _Patcher())
