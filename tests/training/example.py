"""A call of an assigner on 84 anchors."""

from __future__ import annotations

import torch

POINTS = torch.cat([torch.cartesian_prod(*[torch.arange(64 // s)] * 2).flip(1).add(0.5) * s for s in (8, 16, 32)])
SIX = (
    torch.linspace(0.05, 0.95, 2 * 84 * 3).view(2, 84, 3),
    torch.cat([POINTS - 12, POINTS + 12], dim=-1).expand(2, 84, 4).contiguous(),
    POINTS,
    torch.zeros(2, 1, 1, dtype=torch.long),
    torch.tensor([[[10.0, 10, 40, 50]]] * 2),
    torch.ones(2, 1, 1),
)
"""pd_scores, pd_bboxes, anc_points, gt_labels, gt_bboxes, mask_gt."""
