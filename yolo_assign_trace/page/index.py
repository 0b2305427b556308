"""An index of pages: the images of a dataset that lost most, the worst first, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from string import Template

from ..run.boxes_summary import CAUSES
from .chinese import CAUSES as CAUSES_IN_CHINESE
from .chinese import WORDS as WORDS_IN_CHINESE
from .html import policy, template
from .words import WORDS

TITLES: Mapping[str, tuple[str, str]] = {
    "title": ("Images that lost most", "损失最多的图像"),
    "image": ("image", "图像"),
    "boxes": ("boxes", "框"),
    "without": ("without positives", "没有正样本"),
    "causes": ("why", "原因"),
    "labels": ("label file", "标签文件"),
    "about": (
        "{images} images, {boxes} boxes, {without} without positives",
        "{images} 张图像，{boxes} 个框，{without} 个没有正样本",
    ),
    "none": ("No image lost a box.", "没有图像损失框。"),
    "synthetic": (
        "Synthetic heads: only what is geometry carries meaning.",
        "合成的预测头：只有几何结果有意义。",
    ),
}
"""In English and Chinese."""

COLUMNS = (("image", "words"), ("boxes", "figure"), ("without", "figure"), ("causes", "words"), ("labels", "words"))


@dataclass(frozen=True)
class Lost:
    """An image and what it lost.

    Attributes:
        name: of the image.
        page: the address of its page, relative to the index.
        boxes: its boxes.
        causes: boxes without positives by cause.
        labels: its label file, empty if unknown.
    """

    name: str
    page: str
    boxes: int
    causes: Mapping[str, int]
    labels: str = ""

    @property
    def without(self) -> int:
        return sum(self.causes.values())


def index_html(rows: Sequence[Lost], images: int, boxes: int, without: int, *, header: str, synthetic: bool) -> bytes:
    """The index as UTF-8; ``images``, ``boxes`` and ``without`` count the whole dataset, ``header`` names the run."""
    style, script = template("style.css") + template("index.css"), template("index.js")
    about = [text.format(images=f"{images:,}", boxes=f"{boxes:,}", without=f"{without:,}") for text in TITLES["about"]]
    body = [
        f'<header><h1>{_both(*TITLES["title"])}</h1><div class="tools"><button id="language">'
        f"{_both(WORDS['language'], WORDS_IN_CHINESE['language'])}</button></div></header>",
        f"<p>{_both(*about)}</p><p><code>{escape(header)}</code></p>",
        *([f'<p class="warning">{_both(*TITLES["synthetic"])}</p>'] if synthetic else []),
        '<div class="scroll"><table><thead><tr>',
        *(f'<th scope="col" class="{kind}">{_both(*TITLES[name])}</th>' for name, kind in COLUMNS),
        "</tr></thead><tbody>",
        *(_row(row) for row in rows),
        "</tbody></table></div>",
        *([] if rows else [f"<p>{_both(*TITLES['none'])}</p>"]),
    ]
    filled = Template(template("index.html")).substitute(
        policy=policy(style, script), style=style, script=script, body="\n".join(body)
    )
    return filled.encode("utf-8", "backslashreplace")


def _row(row: Lost) -> str:
    most_first = sorted(row.causes.items(), key=lambda item: -item[1])
    causes = [
        _both(f"{number:,} {CAUSES[cause]}", f"{number:,} {CAUSES_IN_CHINESE[cause]}") for cause, number in most_first
    ]
    return (
        f'<tr><td class="words"><a href="{escape(row.page)}">{escape(row.name)}</a></td>'
        f'<td class="figure">{row.boxes:,}</td><td class="figure">{row.without:,}</td>'
        f'<td class="words">{"; ".join(causes)}</td><td class="words">{escape(row.labels)}</td></tr>'
    )


def _both(english: str, chinese: str) -> str:
    return f'<span lang="en">{escape(english)}</span><span lang="zh">{escape(chinese)}</span>'
