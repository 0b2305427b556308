// The panel about a box: what became of it and why, its funnel, its cut, its candidates in order.

const CANDIDATES_AT_FIRST = 12;
let allCandidatesOf = ""; // the box whose whole ranking is open

function boxPanel(data) {
  const box = data.boxes[state.gt];
  const name = word("box-title", { box: boxName(box), size: boxSize(box) });
  return element("section", { class: "panel", id: "box-panel", "aria-labelledby": "box-title" },
    element("h2", { id: "box-title" }, swatch(box), name, closing({ gt: undefined, zoom: false })),
    box.cause ? causeOf(box) : null,
    funnelTable(box), facts(box), rankingTable(data, box));
}

function swatch(box) {
  return element("span", { class: `swatch box-${box.gt % BOX_COLOURS}${box.cause ? " without" : ""}`, "aria-hidden": "true" });
}

function closing(changes) {
  return element("button", { class: "quiet", type: "button", "aria-label": word("close"), onclick: () => go(changes) }, "×");
}

function causeOf(box) {
  return element("div", { class: "cause" },
    element("p", {}, element("strong", {}, box.cause), " ", texts.causes[box.cause]),
    element("ul", {}, box.told.map(([id, values]) => element("li", {}, sentence(id, values)))));
}

function funnelTable(box) {
  const most = Math.max(1, ...box.funnel.map((counts) => sum(counts)));
  const rows = Object.keys(doc.texts.en.steps).map((step, n) => {
    const total = sum(box.funnel[n]);
    const bar = element("meter", { min: 0, max: most, value: total, "aria-hidden": "true" });
    return { cells: [texts.steps[step], ...box.funnel[n].map(String), element("span", {}, bar, " ", String(total))] };
  });
  return table(word("funnel"), [word("step-name"), ...levels.map((level) => level.name), word("total")], rows);
}

function sum(counts) {
  return counts.reduce((total, count) => total + count, 0);
}

function facts(box) {
  const found = [word("cut-off", box.cut)];
  if (box.tied) found.push(word("cut-off-tied"));
  if (box.lost || box.won || box.outside) found.push(word("conflicts", box));
  if (box.share) found.push(word("share", box.share));
  return element("ul", { class: "facts" }, found.map((text) => element("li", {}, text)));
}

// Best metric first, nan before all others; equal ones by anchor, as they stand.
function ranked(data, box) {
  const { metric, rank, anchor } = data.pairs;
  const weight = (n) => (rank ? -rank[n] : Number.isNaN(Number(metric[n])) ? Infinity : Number(metric[n]));
  const order = (a, b) => (weight(a) === weight(b) ? 0 : weight(b) - weight(a));
  return (data.byBox.get(box.gt) ?? []).filter((n) => onLevel(anchor[n])).sort(order);
}

function rankingTable(data, box) {
  const rows = ranked(data, box);
  if (!rows.length) return null;
  const key = `${state.image} ${box.gt}`;
  const shownRows = allCandidatesOf === key ? rows : rows.slice(0, CANDIDATES_AT_FIRST);
  const heads = ["rank", "anchor", "score", "overlap", "metric", "target", "outcome"].map((id) => word(id));
  const found = table(word("ranking"), heads, shownRows.map((n) => candidateRow(data, n)), 0);
  if (shownRows.length === rows.length) return found;
  const open = () => { allCandidatesOf = key; render(); };
  return element("div", {}, found,
    element("button", { type: "button", id: "all-candidates", onclick: open }, word("show-all", { count: rows.length })));
}

function candidateRow(data, n) {
  const { pairs, anchors } = data;
  const anchor = pairs.anchor[n];
  const row = data.rowOf.get(anchor);
  const mine = anchors.owner[row] === pairs.gt[n];
  return {
    class: `outcome-${doc.outcomes[pairs.outcome[n]]}`,
    "aria-current": anchor === state.anchor ? "true" : null,
    cells: [pairs.rank ? String(pairs.rank[n]) : "–", anchorButton(anchor, `candidate-${anchor}`), pairs.score[n],
      pairs.overlap[n], pairs.metric[n], mine ? anchors.target[row] : "–",
      texts.outcomes[doc.outcomes[pairs.outcome[n]]]],
  };
}

function anchorButton(anchor, id) {
  const { level, y, x } = addressOf(anchor);
  return element("button", { type: "button", class: "link", id, onclick: () => go({ anchor }) }, `#${anchor} ${level} y${y} x${x}`);
}
