"""Titles and explanations of the stages and meanings of their outputs in Chinese.

Stages go by the name of the class that declares them, outputs by their own.
"""

from __future__ import annotations

from collections.abc import Mapping

STAGES: Mapping[str, tuple[str, str]] = {
    "Captured": (
        "一次分配器调用的六个输入，按保存时的样子",
        "网络的得分、预测框和锚点中心，以及这一批填充后的真实框。它们就是训练步骤里的样子；它们如何产生，"
        "这里无从得知。",
    ),
    "Flattened": (
        "各层的特征图合成一列锚点",
        "每张特征图的每个格子是一个锚点。特征图 (b, 4·R+c, h, w) 从最细的层开始逐行读取并拆分：前 4·R 个通道描述框，"
        "其余通道是各类别的得分。",
    ),
    "AnchorPoints": (
        "每个锚点得到自己的中心",
        "锚点位于格子的正中，以所在层的格子为单位。",
    ),
    "Decoded": (
        "由分布得到预测框",
        "每条边的 R 个区间变成一个概率分布，其均值就是锚点到这条边的距离，以格子为单位。R = 1 时通道本身就是距离。",
    ),
    "GroundTruth": (
        "标签行变成填充后的真实框",
        "每张图像的标签行换算成 px，变成角坐标，再用 0 填充到框最多的那张图像的长度。填充靠坐标之和识别：四个角坐标之和"
        "不大于 0 的框被当作填充。",
    ),
    "Scaled": (
        "把预测换算成分配器比较时用的单位",
        "类别的 logit 变成 0 到 1 之间的得分；预测框和锚点中心换算成网络输入的 px。名称也随之改变(pred 变为 pd，"
        "anchor 变为 anc)，与调用分配器时一致。",
    ),
    "Screened": (
        "锚点中心落在框内的候选对",
        "锚点的中心严格位于框内时，它才是这个框的候选。从这里起张量只保存这些候选对，按 image、gt、anchor 排序；"
        "其他位置都是 0。",
    ),
    "ScreenedEnlarged": (
        "锚点中心落在框内的候选对，很小的框先放大",
        "与以前相同，但框的边若短于第一个步长，就按第二个步长计算。只有筛选用放大的框；训练目标仍是原来的框。",
    ),
    "ScreenedFloored": (
        "锚点中心落在框内的候选对，小框先放大",
        "框的任何一边都不会按短于第二个步长计算。只有筛选用放大的框；训练目标仍是原来的框。",
    ),
    "Aligned": (
        "每个候选的预测与它的框有多吻合",
        "框所属类别的预测得分，与预测框和真实框的重叠度相乘，得到一个数：对齐度。",
    ),
    "AlignedReordered": (
        "每个候选的预测与它的框有多吻合",
        "框所属类别的预测得分，与预测框和真实框的重叠度相乘，得到一个数：对齐度。",
    ),
    "Selected": (
        "每个框取最好的 {topk} 个候选",
        "没有阈值：每个框总是从所有锚点中取 k 个。对齐度大于 0 的不足 k 个时，余下的名额给整个网格上"
        "对齐度为 0 的锚点，它们多半在框外，随后又被去掉。截断处若有相等的值，就像训练时一样询问 torch.topk，"
        "并把该行标出。",
    ),
    "SelectedUnmasked": (
        "每个框取最好的 {topk} 个候选",
        "没有阈值：每个框总是从所有锚点中取 k 个。对齐度大于 0 的不足 k 个时，余下的名额给整个网格上"
        "对齐度为 0 的锚点，它们多半在框外，随后又被去掉。这一代中框外的 NaN 和无穷也占名额。",
    ),
    "Resolved": (
        "被多个框选中的锚点只归其中一个",
        "有争议的锚点归重叠度最大的框，相等时归序号在前的。所有包含该锚点的框都参与，没有选中它的也参与；"
        "若所有重叠度都为 0，归 gt 0。",
    ),
    "ResolvedUnmasked": (
        "被多个框选中的锚点只归其中一个",
        "有争议的锚点归图像中重叠度最大的框，相等时归序号在前的。所有框都参与，不包含该锚点的也参与："
        "这一代的重叠度没有遮罩。",
    ),
    "ResolvedAndKept": (
        "被多个框选中的锚点只归其中一个，然后每个框保留最好的",
        "有争议的锚点归重叠度最大的框，相等时归序号在前的。所有包含该锚点的框都参与，没有选中它的也参与；"
        "若所有重叠度都为 0，归 gt 0。",
    ),
    "Targets": (
        "每个锚点取得所属框的类别和坐标",
        "背景锚点带着所在图像 gt 0 的类别和框；只有 fg_mask 和 target_scores 能把它们区分开。整批都没有框时，"
        "类别写成类别总数。",
    ),
    "Normalized": (
        "训练用的得分，按每个框的最好值归一化",
        "每个框最好的正样本以该框最大的重叠度为目标得分，其余正样本按比例递减。只计算解决冲突之后的正样本。",
    ),
    "NormalizedUnmasked": (
        "训练用的得分，按每个框的最好值归一化",
        "每个框最好的正样本以该框最大的重叠度为目标得分，其余正样本按比例递减。只计算解决冲突之后的正样本。"
        "这一代中任何框与锚点的 NaN 或无穷都会毁掉整张图像的得分。",
    ),
    **dict.fromkeys(
        ("Loss", "LossWithoutDistances", "LossAsOneNumber", "LossUndivided"),
        (
            "分配的代价：每个锚点、框、层、图像和类别的损失",
            "预测框与目标重叠太少，或各边的分布偏离目标时，正样本要付出代价，两者都按目标得分加权。类别得分偏离目标得分时，"
            "每个锚点都要付出代价，背景也不例外。三个和除以全部目标得分之和，再乘以各自的增益，就是训练时打印的 "
            "box、cls 和 dfl。",
        ),
    ),
}
"""Title and explanation of every stage; ``{topk}`` is the run's."""

MEANINGS: Mapping[str, str] = {
    "pred_distri": "到框各边距离的 R 个区间",
    "pred_scores": "sigmoid 之前的类别得分",
    "strides": "每层一个格子的 px 数",
    "anchor_points": "锚点中心，以所在层的格子为单位",
    "stride_tensor": "每个锚点所在层一个格子的 px 数",
    "distances": "预测的锚点到各边的距离",
    "pred_bboxes": "预测框，以锚点所在层的格子为单位",
    "gt_labels": "每个框的类别，填充为 0",
    "gt_bboxes": "真实框，填充为 0",
    "mask_gt": "真实的框为真，填充为假",
    "pd_scores": "类别得分",
    "pd_bboxes": "预测框",
    "anc_points": "每个锚点的中心",
    "pairs": "每个候选对的 image、gt 和 anchor",
    "bbox_deltas": "锚点中心到真实框各边的距离",
    "mask_in_gts": "锚点中心是否在框内；所有候选对都为真",
    "screen_bboxes": "筛选锚点中心时所用的框",
    "class_scores": "框所属类别的预测得分",
    "overlaps": "真实框与预测框的重叠度，至少为 0",
    "align_metric": "得分与重叠度的对齐度",
    "rank": "框的最好候选为 1；相等的对齐度名次相同",
    "mask_topk": "被自己的框选中的候选",
    "cutoff": "框的第 k 大对齐度；候选不足 k 个时为 0",
    "tie_order": "相等对齐度的次序决定了选择时为真",
    "claims": "有几个框选中该锚点",
    "mask_resolved": "解决冲突后、topk2 之前为正的候选对",
    "keep_tie_order": "相等对齐度的次序决定了保留谁时为真",
    "mask_pos": "解决冲突后为正的候选对",
    "fg_mask": "正样本锚点",
    "target_gt_idx": "锚点所属的框；背景为 0",
    "target_overlaps": "与所属框的重叠度，背景为 0",
    "target_metric": "与所属框的对齐度，背景为 0",
    "target_labels": "所属框的类别",
    "target_bboxes": "所属的框",
    "one_hot": "正样本锚点在其类别处为真",
    "pos_align_metrics": "框的正样本中最大的对齐度",
    "pos_overlaps": "框的正样本中最大的重叠度",
    "norm_align_metric": "锚点的目标得分，背景为 0",
    "target_scores": "分类损失的训练目标",
    "target_distances": "正样本到其框各边的距离，未截断",
    "box_loss": "预测框与目标的 1 - CIoU；背景为 0",
    "distance_loss": "到各边距离的损失；背景为 0",
    "class_loss": "得分与目标得分的交叉熵",
    "loss_weight": "锚点的目标得分之和；背景为 0",
    "divisor": "所有的和都除以它",
    "anchor_loss": "锚点在三项损失中的份额",
    "gt_loss": "该框所有正样本之和",
    "level_loss": "该层所有锚点之和",
    "image_loss": "该图像所有锚点之和",
    "label_loss": "该类别的框的 box 和 dfl，以及其得分在所有锚点上的 cls",
    "loss_items": "训练时打印的 box、cls、dfl",
}
"""Meaning of every output."""
