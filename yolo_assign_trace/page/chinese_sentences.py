"""The sentences of :data:`yolo_assign_trace.explain.texts.ENGLISH` in Chinese: the same ids, the same numbers.

Counts stand in the texts with their measure words, so no nouns are needed.
"""

from __future__ import annotations

from collections.abc import Mapping

from .chinese import CAUSES

_SUM = "x1 + y1 + x2 + y2 = {x1} + {y1} + {x2} + {y2} = {sum}"
_MASKED = "训练步骤在调用分配器之前就把该框遮掉了"
_SIDES = {"left": "左边", "top": "上边", "right": "右边", "bottom": "下边"}
_TOO_SMALL = "但对齐度小到数值类型无法表示，成为 0"

SENTENCES: Mapping[str, str] = {
    # --- the life of a pair, stage by stage
    "ground_truth.padding": f"{CAUSES['ignored-as-padding']}：{_SUM}",
    "ground_truth.masked": f"{CAUSES['masked-out']}：{_SUM} 大于 0，{_MASKED}",
    "screen.enlarged": "筛选时该框按 {width} x {height} px 计算，而不是原来的 {own_width} x {own_height} px",
    "screen.inside": "中心 ({x}, {y}) px 在框内：距左边 {left} px，距上边 {top}，距右边 {right}，距下边 {bottom}",
    "screen.left": "中心 ({x}, {y}) px 不是候选：它必须在左边 {edge} px 的右侧，还差 {distance} px",
    "screen.top": "中心 ({x}, {y}) px 不是候选：它必须在上边 {edge} px 的下方，还差 {distance} px",
    "screen.right": "中心 ({x}, {y}) px 不是候选：它必须在右边 {edge} px 的左侧，却超出了 {distance} px",
    "screen.bottom": "中心 ({x}, {y}) px 不是候选：它必须在下边 {edge} px 的上方，却超出了 {distance} px",
    "screen.on-left": "中心 ({x}, {y}) px 不是候选：它正好在左边 {edge} px 上，不在框内",
    "screen.on-top": "中心 ({x}, {y}) px 不是候选：它正好在上边 {edge} px 上，不在框内",
    "screen.on-right": "中心 ({x}, {y}) px 不是候选：它正好在右边 {edge} px 上，不在框内",
    "screen.on-bottom": "中心 ({x}, {y}) px 不是候选：它正好在下边 {edge} px 上，不在框内",
    "screen.not-a-pair": "中心 ({x}, {y}) px 不是候选；现有的数字看不出原因",
    "align.metric": "{score}^{alpha} · {overlap}^{beta} = {metric}   （得分^alpha · 重叠度^beta = 对齐度）",
    "align.metric-only": "得分 {score} 与重叠度 {overlap} 得到对齐度 {metric}",
    "align.zero-score": "对齐度为 0，因为得分为 0；重叠度为 {overlap}",
    "align.zero-overlap": "对齐度为 0，因为重叠度为 0；得分为 {score}",
    "align.zero-both": "对齐度为 0，因为得分和重叠度都为 0",
    "align.zero-product": f"得分 {{score}} 和重叠度 {{overlap}} 都大于 0，{_TOO_SMALL}",
    "align.non-finite": "得分 {score}，重叠度 {overlap}：对齐度为 {metric}；若为 nan，任何比较中都算最大",
    "topk.selected": "在 {candidates} 个候选中排第 {rank}，该框取 {topk} 个：选中",
    "topk.selected-by-tie": "对齐度 {metric} 在 {candidates} 个候选中与其他候选并列第 {rank}，该框取 {topk} 个："
    "按并列值的次序选中",
    "topk.selected-zero": "{candidates} 个候选中对齐度大于 0 的不足 {topk} 个，"
    "余下的名额按 torch.topk 的次序给整个网格上对齐度为 0 的锚点："
    "它在其中，选中",
    "topk.not-selected": "在 {candidates} 个候选中排第 {rank}，该框取 {topk} 个：未选中，{metric} 比截断值 {cutoff} "
    "低 {short}",
    "topk.not-selected-by-tie": "对齐度 {metric} 等于截断值，在 {candidates} 个候选中排第 {rank}：按并列值的次序未选中",
    "topk.not-selected-zero": "{candidates} 个候选中对齐度大于 0 的不足 {topk} 个，"
    "余下的名额按 torch.topk 的次序给了整个网格上其他对齐度为 0 的锚点："
    "未选中",
    "topk.picked": "选中",
    "topk.left": "未选中",
    "resolve.unclaimed": "没有框选中该锚点：它仍是背景",
    "resolve.alone": "只有 gt {owner} 选中该锚点：归它所有",
    "resolve.won": "被 {claims} 个框选中；gt {owner} 的重叠度最大，为 {overlap}，其次是 gt {other} 的 "
    "{other_overlap}：gt {owner} 胜出",
    "resolve.won-first": "被 {claims} 个框选中；gt {owner} 与 gt {other} 的重叠度相等，均为 {overlap}，相等时序号在前的"
    "胜出：gt {owner}",
    "resolve.won-as-printed": "被 {claims} 个框选中；gt {owner} 以重叠度 {overlap} 胜出，"
    "按打印的数字与 gt {other} 相等",
    "resolve.won-unselected": "被 {claims} 个框选中，gt {owner} 不在其中；但它的重叠度最大，为 {overlap}，其次是 "
    "gt {other} 的 {other_overlap}：gt {owner} 胜出",
    "resolve.won-unselected-first": "被 {claims} 个框选中，gt {owner} 不在其中；但它的重叠度与 gt {other} 相等，均为 "
    "{overlap}，相等时序号在前的胜出：gt {owner}",
    "resolve.won-outside": "被 {claims} 个框选中，gt {owner} 不在其中，甚至不包含该锚点；但它的重叠度最大，为 "
    "{overlap}：它胜出",
    "resolve.lost": "被 {claims} 个框选中；gt {owner} 的重叠度最大，为 {owner_overlap}，gt {gt} 只有 {overlap}："
    "归 gt {owner} 所有",
    "resolve.lost-first": "被 {claims} 个框选中；gt {owner} 与 gt {gt} 的重叠度相等，均为 {owner_overlap}，相等时序号"
    "在前的胜出：gt {owner}",
    "resolve.lost-as-printed": "被 {claims} 个框选中；gt {owner} 以重叠度 {owner_overlap} 胜出，按打印的数字与 gt {gt} "
    "相等",
    "resolve.lost-outside": "被 {claims} 个框选中；gt {owner} 不包含该锚点，但重叠度最大，为 {owner_overlap}，gt {gt} "
    "只有 {overlap}：归 gt {owner} 所有",
    "resolve.zero": "被 {claims} 个框选中，而所有参与比较的重叠度都为 0：这样的锚点归 gt 0",
    "resolve.nan": "被 {claims} 个框选中；gt {owner} 的重叠度为 nan，算作最大：归它所有",
    "resolve.given": "被 {claims} 个框选中；归 gt {owner} 所有",
    "resolve.given-nobody": "被 {claims} 个框选中；不归其中任何一个",
    "keep.kept": "解决冲突后 gt {owner} 保留最好的 {topk2} 个正样本：该锚点的对齐度为 {metric}，保留",
    "keep.dropped": "解决冲突后 gt {owner} 保留最好的 {topk2} 个正样本，该锚点的对齐度为 {metric}，不在其中：成为背景",
    "keep.dropped-by-tie": "解决冲突后 gt {owner} 保留最好的 {topk2} 个正样本，该锚点的对齐度为 {metric}，按并列值的"
    "次序被舍去：成为背景",
    "targets.positive": "该锚点学习 gt {owner} 的类别 {label} 和框 ({x1}, {y1}, {x2}, {y2}) px",
    "targets.background": "背景：写在那里的类别和框不起作用",
    "normalize.score": "{metric} · {best_overlap} / ({best_metric} + 1e-9) = {target}   (对齐度 · 最大重叠度 / "
    "gt {owner} 的最大对齐度 = 目标得分)",
    "normalize.score-only": "目标得分 {target}",
    "normalize.background": "每个类别的目标得分都是 0",
    "loss.box": "1 - CIoU {ciou} = {loss}；{gain} · {loss} · 目标得分 {weight} / {divisor} = {cost}，计入 box",
    "loss.class": "{classes} 个类别的交叉熵 {class_loss}，其中类别 {label} 占 {own}；"
    "{gain} · {class_loss} / {divisor} = {cost}，计入 cls",
    "loss.distance": "到各边的距离为 {loss}；{gain} · {loss} · 目标得分 {weight} / {divisor} = {cost}，计入 dfl",
    "loss.background": "背景的得分也有代价：{classes} 个类别的交叉熵 {class_loss}；"
    "{gain} · {class_loss} / {divisor} = {cost}，计入 cls",
    **{
        f"loss.beyond-{side}": f"到{name}的距离为 {{cells}} 个格子，超过最后一个区间 {{limit}}：按 {{reach}} 训练，"
        "少了 {by}"
        for side, name in _SIDES.items()
    },
    **{f"loss.below-{side}": f"中心在框的{name}之外 {{by}} 个格子：按 0 训练" for side, name in _SIDES.items()},
    # --- what a box costs, and why
    "cost.sum": "box {box} + cls {cls} + dfl {dfl} = {total}，整批共 {all}",
    "cost.at": "在 {anchor}：",
    "cost.dearest": "代价最大的正样本是 {anchor}：",
    "cost.far": "预测框偏离：CIoU 按目标得分加权平均为 {ciou}",
    "cost.unsure": "各边的分布偏离目标：按目标得分加权平均为 {loss}",
    "cost.beyond": "{sides} 条边超过最后一个区间，任何分布都表示不了",
    "cost.low-scores": "得分太低：类别 {label} 平均为 {score}，目标为 {target}",
    "cost.high-scores": "得分高于目标：类别 {label} 平均为 {score}，目标为 {target}",
    "cost.other-classes": "其他类别的得分：类别 {label} 代价最大，平均为 {score}，目标为 0",
    "cost.no-positives": "没有任何正样本：没有代价，也学不到它",
    "cost.non-finite": "nan 或无穷大",
    # --- causes: why a box has no positives
    "cause.ignored": f"{_SUM}，不大于 0；填充就是这样识别的",
    "cause.masked": f"mask_gt 为假，尽管 {_SUM} 大于 0：{_MASKED}",
    "cause.ignored-owns": "它仍然拥有 {positives} 个有争议的锚点：那里所有参与比较的重叠度都为 0，这样的锚点归 gt 0",
    "cause.ignored-wins": "它仍然拥有 {positives} 个有争议的锚点：在这一代中每个框都参与竞争，填充也不例外",
    "cause.between": "{width} x {height} px 落在锚点中心之间，中心间距为 {strides} px",
    "cause.between-seen": "筛选时按 {width} x {height} px 计算，它仍落在锚点中心之间，中心间距为 {strides} px",
    "cause.off-grid": "({x1}, {y1}, {x2}, {y2}) px 在 {input_width} x {input_height} px 的输入之外",
    "cause.empty": "{width} x {height} px 没有内部",
    "cause.larger-input": "第一个使中心落在框内的更大输入是 {height} x {width} px（高 x 宽，长边每步 {step} px）",
    "cause.always": "从 {height} x {width} px 起总会有中心落在框内：此时每条边都比最小步长长",
    "cause.no-larger-input": "直到 {height} x {width} px（高 x 宽）的输入都没有中心落在框内",
    "cause.finer-level": "在 {input_width} x {input_height} px 下，增加一个步长为 {stride} 的层会使中心落在框内",
    "cause.no-finer-level": "更细的层，直到步长 {stride}，都不会使中心落在框内",
    "cause.zero": "{candidates} 个候选，没有一个对齐度大于 0",
    "cause.zero-score": "其中 {number} 个得分为 0",
    "cause.zero-overlap": "其中 {number} 个重叠度为 0",
    "cause.zero-both": "其中 {number} 个得分和重叠度都为 0",
    "cause.zero-product": f"其中 {{number}} 个得分和重叠度都大于 0，{_TOO_SMALL}",
    "cause.zero-ties": "没有大于 0 的对齐度时，框按 torch.topk 的次序从整个网格取对齐度为 0 的锚点；"
    "这里它们都在框外，随后被去掉",
    "cause.zero-no-ties": "没有一个被选中",
    "cause.zero-kept": "解决冲突后它还有 {resolved} 个，而在并列的 0 中 topk2 保留了其他锚点",
    "cause.lost": "它选中的 {selected} 个锚点中有 {anchors} 个归了 gt {owner}；最接近的是锚点 {anchor}：那边的重叠度为 "
    "{owner_overlap}，这边为 {overlap}",
    "cause.lost-nowhere": "它选中的 {selected} 个锚点中有 {anchors} 个不归任何框",
    "cause.not-selected": "{candidates} 个候选，{above} 个对齐度大于 0，选中 {selected} 个",
    "cause.not-kept": "选中 {selected} 个，解决冲突后剩 {resolved} 个，对齐度最大为 {metric},topk2 一个也没有保留",
    "cause.non-finite": "nan 或无穷大：{candidates} 个候选中有 {score} 个得分、{overlap} 个重叠度和 {metric} 个对齐度"
    "如此；首先出现在锚点 {anchor}",
}
