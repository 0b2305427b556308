// The panel about a stage: explanation, formula with the run's numbers, counts of this image, outputs.

function stagePanel() {
  const stage = doc.stages[state.stage];
  return element("section", { class: "panel", id: "stage-panel", "aria-labelledby": "stage-title" },
    element("h2", { id: "stage-title" }, element("code", {}, stage.name), " ", stageTitle(stage)),
    element("p", {}, stageSays(stage)),
    stage.formula.length
      ? element("pre", { class: "formula", tabindex: "0", "aria-label": word("formula") }, stage.formula.flatMap((line) => line.split(/ {4,}/)).join("\n")) : null,
    numbersTable(stage), outputsTable(stage));
}

function numbersTable(stage) {
  const rows = stage.numbers.filter((id) => id in doc.numbers).map((id) => {
    const { images, total } = doc.numbers[id];
    return { "data-number": id, cells: [word(id === "boxes" ? "boxes-counted" : id), images[state.image], total] };
  });
  if (!rows.length) return null;
  return table(word("numbers"), ["", word("this-image"), word("whole-trace")], rows);
}

function outputsTable(stage) {
  const rows = stage.outputs.map((output) => ({
    title: output.axes.join(", "),
    cells: [element("span", {}, element("code", {}, output.name), element("br"),
      element("small", {}, texts.meanings[output.name] ?? output.meaning)), output.unit, ...statistics(output.statistics)],
  }));
  const heads = ["output", "unit", "minimum", "mean", "maximum"].map((id) => word(id));
  return element("details", { id: "outputs" }, element("summary", {}, word("outputs")), table(word("outputs"), heads, rows, 2));
}

// min, mean and max of floats; of others what stands for them.
function statistics(found) {
  const { min, max, mean } = found;
  if ("true" in found) return [word("true-of", { true: found.true, size: found.size }), "", ""];
  if ("distinct" in found) return [min, word("distinct", { count: found.distinct }), max];
  return [min, mean, max];
}

// --- what the marks mean ------------------------------------------------------------------------------------------------

// Lines of the picture by selector, and what they mean.
const LINES = {
  ".box.without": "legend-without",
  ".predicted:not(.chosen)": "legend-predicted",
  ".predicted.chosen": "legend-predicted-chosen",
  ".cell": "legend-cell",
  ".seen": "legend-seen",
};

// Only what is drawn, as it is drawn.
function legend({ groups, crosses }) {
  const found = new Map();
  for (const group of groups) if (!found.has(group.legend)) found.set(group.legend, group);
  const items = [...found].map(([id, group]) => entry("most" in group ? scaleKey(group.most) : markKey(group), word(id)));
  if (crosses.length) items.push(entry(crossKey(), word("legend-lost")));
  for (const [selector, id] of Object.entries(LINES)) {
    const line = visibleOutline(selector);
    if (line) items.push(entry(lineKey(line.getAttribute("class")), word(id)));
  }
  const lists = [element("ul", { class: "legend", "aria-label": word("legend") }, items)];
  if (groups.length) {
    lists.push(element("ul", { class: "legend", "aria-label": word("legend-levels") },
      element("li", {}, `${word("legend-levels")}:`), levelKeys(groups)));
  }
  return lists;
}

// The first rectangle of the picture that has a side in view: a predicted box can lie around all of it.
function visibleOutline(selector) {
  const view = pictureNode.getBoundingClientRect();
  return [...pictureNode.querySelectorAll(selector)].find((node) => {
    const { left, top, right, bottom } = node.getBoundingClientRect();
    const apart = left > view.right || right < view.left || top > view.bottom || bottom < view.top;
    return !apart && (left >= view.left || top >= view.top || right <= view.right || bottom <= view.bottom);
  });
}

// The shapes of the levels that have a mark, in the style of the level where its marks have one.
function levelKeys(groups) {
  const there = new Set(groups.flatMap((group) => group.anchors.map(levelOf)));
  return [...there].sort((a, b) => a - b).map((index) => {
    const own = groups.find(({ style }) => style === `level-${index % BOX_COLOURS}`);
    return entry(markKey(own ?? { style: "plain" }, index), levels[index].name);
  });
}

function entry(key, words) {
  return element("li", {}, key, " ", words);
}

function markKey({ style, anchors }, level = levelOf(anchors[0])) {
  return glyph("key", 16, svg("path", { class: `marks ${style}`, d: shape(level, 8, 8, 5) }));
}

function lineKey(style) {
  return glyph("key wide", 28, svg("path", { class: style, d: "M2 3H26V13H2Z" }));
}

function crossKey() {
  return glyph("key", 16, svg("g", { class: "lost" }, svg("path", { d: "M3 3L13 13M3 13L13 3" })));
}

function glyph(style, width, drawn) {
  return svg("svg", { class: style, viewBox: `0 0 ${width} 16`, "aria-hidden": "true" }, drawn);
}

function scaleKey(most) {
  const steps = Array.from({ length: RAMP }, (_, n) => svg("rect", { class: `ramp-${n}`, x: 8 * n, y: 2, width: 8, height: 12 }));
  return element("span", {}, "0 ", svg("svg", { class: "scale", viewBox: `0 0 ${8 * RAMP} 16`, "aria-hidden": "true" }, steps), ` ${most}`);
}
