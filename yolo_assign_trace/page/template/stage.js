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

function legend({ groups, crosses }) {
  const found = new Map();
  for (const group of groups) if (!found.has(group.legend)) found.set(group.legend, group);
  const items = [...found].map(([id, group]) => entry("most" in group ? scaleKey(group.most) : markKey(group.style), word(id)));
  if (crosses.length) items.push(entry(lineKey("lost", "M3 3L13 13M3 13L13 3"), word("legend-lost")));
  const data = imageData(state.image);
  if (drawnBoxes(data).some((box) => box.cause)) items.push(entry(lineKey("box without", "M1 3H15V13H1Z"), word("legend-without")));
  if (document.querySelector("#picture .predicted")) {
    items.push(entry(lineKey("predicted", "M1 3H15V13H1Z"), word("legend-predicted")));
  }
  if (document.querySelector("#picture .seen")) items.push(entry(lineKey("seen", "M1 3H15V13H1Z"), word("legend-seen")));
  const shapes = levels.map((level, index) => entry(markKey("plain", index), level.name));
  return [element("ul", { class: "legend", "aria-label": word("legend") }, items),
    element("ul", { class: "legend", "aria-label": word("legend-levels") }, element("li", {}, `${word("legend-levels")}:`), shapes)];
}

function entry(key, words) {
  return element("li", {}, key, " ", words);
}

function markKey(style, level = 0) {
  return svg("svg", { class: "key", viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { class: `marks ${style}`, d: shape(level, 8, 8, 5) }));
}

function lineKey(style, d) {
  return svg("svg", { class: "key", viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("g", { class: style.includes("lost") ? "lost" : "" }, svg("path", { class: style, d })));
}

function scaleKey(most) {
  const steps = Array.from({ length: RAMP }, (_, n) => svg("rect", { class: `ramp-${n}`, x: 8 * n, y: 2, width: 8, height: 12 }));
  return element("span", {}, "0 ", svg("svg", { class: "scale", viewBox: `0 0 ${8 * RAMP} 16`, "aria-hidden": "true" }, steps), ` ${most}`);
}
