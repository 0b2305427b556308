"""The audit's page in Chinese: its words, and the verdict, sentence by sentence as :mod:`..verdict` has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ...basics.box_sizes import SIZES
from ...inputs.labels.findings import ERROR, WARNING
from ..report import Report, Smallest
from ..tally import BOXES, NEVER
from ..verdict import Sentence, bytes_text, percent, verdict

CHINESE: Mapping[str, str] = {
    "title": "这个数据集能教会什么，不能教会什么",
    "language": "English",
    "language-label": "切换到英文",
    "about": "{source}：{images} 张图像，{boxes} 个框；只看标签，没有用任何模型",
    "verdict": "{name} 的结论",
    "candidates-title": "候选",
    "combinations-caption": "按输入、层级和版本；点标题可排序",
    "input": "输入",
    "levels": "层级",
    "release": "版本",
    "never": "没有候选",
    "few": "1 到 {less} 个",
    "enough": "{k} 个或更多",
    "a-box": "平均每框",
    "by-level": "平均每框，按层级",
    "none-own": "没有独享的候选",
    "twins": "候选完全相同",
    "too-large": "太大",
    "helps": "怎样才有帮助",
    "helps-caption": "没有候选的框中有多少得到一个；不足 k 个的框中有多少得到 k 个",
    "what": "办法",
    "a-level": "加一个步长 {stride} 的 {level} 层",
    "rescued": "得到一个",
    "rescued-k": "得到 k 个",
    "smallest": "最小的输入",
    "smallest-caption": "达到这些比例的框有一个候选或 k 个候选所需的输入；试过 {first} 到 {last} px",
    "one": "一个",
    "who": "影响到谁",
    "of": "在",
    "by-candidates": "按候选数统计的框",
    "by-size": "按大小统计的框",
    "places": "框在图像中的位置",
    "by-class": "按类别",
    "by-picture": "按图像大小",
    "class": "类别",
    "picture": "长边",
    "boxes": "框",
    "pictures": "最差的图像",
    "pictures-hint": "{name}，按训练的方式缩放补边。"
    "点是锚点中心；只有点落在框内，锚点才是候选。虚线：筛选时看到的框。命令可以逐步查看该图像。",
    "has": "{count} 个候选",
    "picture-says": "{boxes} 个框：{never} 个没有候选，{few} 个候选太少。",
    "lists": "{name} 的框，按文件和行",
    "never-list": "没有候选",
    "few-list": "候选少于 {k} 个",
    "large-list": "对每一层都太大",
    "more": "还有 {count} 个；`parquet` 中有全部",
    "where": "文件和行",
    "width": "宽，px",
    "height": "高，px",
    "candidates": "候选",
    "crowded": "框最多的图像",
    "crowded-caption": "它们决定分配器的内存：一个稠密 float32 张量的 MB，以及按候选对存放的 MB",
    "dense": "稠密，MB",
    "on-pairs": "候选对，MB",
    "file": "标签文件",
    "findings": "标签，按 {release} 读取",
    "findings-caption": "训练会丢弃、改动或忽略什么",
    "grade": "级别",
    "finding": "发现",
    "count": "次数",
    "files": "文件",
    "consequence": "后果（英文）",
    "first": "第一处（英文）",
    "remarks": "读取方式（英文）",
    "footer": "由 yolo-assign audit 生成。",
}


def chinese_verdict(report: Report) -> list[Sentence]:
    """The same sentences with the same numbers in the same order."""
    return [Sentence(ABOUT[about], SAYS[about](report), grade) for about, _, grade in verdict(report)]


ABOUT = {
    "labels": "标签",
    "images": "图像",
    "boxes": "框",
    "never": "没有候选",
    "hit": "最多的",
    "helps": "补救",
    "inputs": "输入",
    "few": "候选太少",
    "sizes": "尺寸",
    "conflict": "冲突",
    "memory": "内存",
    "limits": "局限",
}


def _labels(report: Report) -> str:
    settings, survey = report.question.readings[0], report.tally.read[0].survey
    dropped = f"；训练丢弃 {survey.dropped:,} 张图像" if survey.dropped else ""
    errors, warnings = survey.graded(ERROR), survey.graded(WARNING)
    return f"{errors:,} 个错误，{warnings:,} 个警告，按 {settings.rules.name} 读取{dropped}"


def _images(report: Report) -> str:
    return f"{report.tally.read[0].unplaced:,} 个框没有计入：不知道它们的图像有多大；用 `image_size` 给出"


def _never(report: Report) -> str:
    one, counted = report.rows[0]
    if counted.without:
        padding = f"，其中 {counted.padding:,} 个被当作填充" if counted.padding else ""
        return f"{_of(counted.without, counted.boxes)}在 {one.name} 没有候选，得不到正样本{padding}"
    older = ""
    if one.enlarged_below is not None and all(c.enlarged_below is not None for c in report.question.combinations):
        older = "；这个版本为此放大小框，8.4.0 之前的版本不放大：`release=8.3.253`"
    return f"在 {one.name} 每个框都有候选{older}"


def _hit(report: Report) -> str:
    _, counted = report.rows[0]
    names = [report.class_name(i) for i in range(len(counted.by_class))]
    of_class = _most(counted.by_class.tolist(), names)
    return f"类别 {of_class}；大小 {_most(counted.by_size.tolist(), [f'{size} px' for size in SIZES])}"


def _most(table: Sequence[Sequence[int]], names: Sequence[str]) -> str:
    most = max(range(len(table)), key=lambda i: table[i][NEVER])
    return f"{names[most]}，{table[most][BOXES]:,} 个中的 {table[most][NEVER]:,} 个"


def _helps(report: Report) -> str:
    one, counted = report.rows[0]
    helps = [
        f"{what_in_chinese(what)} {percent(int(numbers[0]), counted.without)}"
        for what, numbers in counted.helped.items()
        if counted.without
    ]
    for other, there in report.rows[1:]:
        if (other.imgsz, other.shapes) == (one.imgsz, one.shapes) and there.without < counted.without:
            helps.append(f"版本 {other.release} {percent(counted.without - there.without, counted.without)}")
    return f"能补救其中的：{'，'.join(helps)}"


def what_in_chinese(what: str) -> str:
    """What would help, such as ``a level P2 of stride 4``."""
    if not what.startswith("a level "):
        return what
    _, _, level, _, _, stride = what.split()
    return CHINESE["a-level"].format(level=level, stride=stride)


def _inputs(report: Report) -> str:
    one = report.rows[0][0]
    smallest = next(s for s in report.smallest if (s.one.shapes.name, s.one.reading) == (one.shapes.name, one.reading))
    return f"有一个候选：{_sizes(smallest, smallest.candidate)}；有 {one.k} 个：{_sizes(smallest, smallest.enough)}"


def _sizes(smallest: Smallest, sizes: Mapping[int, str | None]) -> str:
    none = f"直到 {smallest.last.size_text} 也不够"
    return "，".join(f"{share} % 需要 {size}" if size else f"{share} % {none}" for share, size in sizes.items())


def _few(report: Report) -> str:
    one, counted = report.rows[0]
    levels = "，".join(
        f"{level.name} {percent(number, counted.candidates)}"
        for level, number in zip(one.grid.levels, counted.levels.tolist(), strict=True)
    )
    mean = f"{counted.candidates / counted.boxes:.3g}"
    return f"{_of(counted.fewer, counted.boxes)}有候选但少于 {one.k} 个；平均每框 {mean} 个候选（{levels}）"


def _too_large(report: Report) -> str:
    _, counted = report.rows[0]
    reach = report.question.reg_max - 1
    return f"{_of(counted.beyond, counted.boxes)}离每个候选都有一条边超过 {reach} 格：没有层级能表示，预测会偏小"


def _conflict(report: Report) -> str:
    return "；".join(_conflicts(report))


def _conflicts(report: Report) -> Iterator[str]:
    one, counted = report.rows[0]
    if counted.shared:
        yield f"{_of(counted.shared, counted.boxes)}没有独享的候选：都在另一个框内"
    if counted.twins:
        other = f"，其中 {counted.twins_of_classes:,} 个类别不同" if counted.twins_of_classes else ""
        yield f"{counted.twins:,} 个与另一个框的候选完全相同{other}"
    if nested := report.tally.read[one.reading].nested:
        yield f"{nested:,} 个在另一个框之内"


def _memory(report: Report) -> str:
    one, _ = report.rows[0]
    read = report.tally.read[one.reading]
    worst = read.worst[0]
    dense, pairs = bytes_text(4 * worst.boxes * one.grid.anchors), bytes_text(4 * worst.pairs[0])
    padding = ""
    if read.padded:
        share = percent(read.padded - read.real, read.padded)
        padding = f"；每批 {report.question.batch} 张时 {share} 是填充"
    return f"{worst.path} 有 {worst.boxes:,} 个框：分配器的每个稠密 float32 张量 {dense}，按候选对 {pairs}{padding}"


def _of(number: int, of: int) -> str:
    return f"{of:,} 个框中的 {number:,} 个（{percent(number, of)}）"


SAYS: Mapping[str, Callable[[Report], str]] = {
    "labels": _labels,
    "images": _images,
    "boxes": lambda report: "没有可数的框",
    "never": _never,
    "hit": _hit,
    "helps": _helps,
    "inputs": _inputs,
    "few": _few,
    "sizes": _too_large,
    "conflict": _conflict,
    "memory": _memory,
    "limits": lambda report: (
        "只看几何：候选还不是正样本，那由模型的得分和重叠决定；不模拟数据增强：马赛克、缩放和翻转会改变大小和位置"
    ),
}
