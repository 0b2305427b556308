// The panel about an anchor: what it predicts, the boxes around it, and the life of a pair in sentences of explain.

function anchorPanel(data) {
  const { anchor } = state;
  const row = data.rowOf.get(anchor);
  const pairs = data.byAnchor.get(anchor) ?? [];
  const parts = [
    element("h2", { id: "anchor-title" }, word("anchor-name", { address: addressText(anchor) }), closing({ anchor: undefined })),
  ];
  if (row === undefined) parts.push(element("p", {}, word("in-no-box")));
  else parts.push(...about(data, row));
  const told = pairOf(data, pairs);
  if (state.gt !== undefined && !pairs.some((n) => data.pairs.gt[n] === state.gt)) parts.push(notAround(data, row));
  parts.push(told === undefined ? story(word("fate"), ownFate(data, row)) : life(data, told));
  if (pairs.length) parts.push(aroundTable(data, pairs));
  return element("section", { class: "panel", id: "anchor-panel", "aria-labelledby": "anchor-title" }, parts);
}

function about(data, row) {
  const { predicted: corners, best_class: label, best_score: score, claims, owner, target } = data.anchors;
  const [x1, y1, x2, y2] = corners.slice(4 * row, 4 * row + 4);
  const verdict = owner[row] < 0 ? word("owner-none") : word("owner", { owner: owner[row], target: target[row] });
  return [
    element("p", { id: "predicts" }, word("predicts", { x1, y1, x2, y2, name: className(label[row]), score: score[row] })),
    element("p", { id: "verdict" }, `${word("selected-by", { claims: claims[row] })} · `, element("strong", {}, verdict)),
  ];
}

function aroundTable(data, pairs) {
  const { gt, rank, score, overlap: overlaps, metric, outcome } = data.pairs;
  const heads = ["box", "rank", "score", "overlap", "metric", "outcome"].map((id) => word(id));
  const rows = pairs.map((n) => {
    const choose = () => go({ gt: gt[n] });
    const button = element("button", { type: "button", class: "link", id: `around-${gt[n]}`, onclick: choose },
      swatch(data.boxes[gt[n]]), boxName(data.boxes[gt[n]]));
    return {
      "aria-current": gt[n] === state.gt ? "true" : null,
      class: `outcome-${doc.outcomes[outcome[n]]}`,
      cells: [button, rank ? String(rank[n]) : "–", score[n], overlaps[n], metric[n],
        texts.outcomes[doc.outcomes[outcome[n]]]],
    };
  });
  return table(word("around"), heads, rows);
}

// The pair whose life is told: with the chosen box, otherwise with the owner, otherwise with the best metric.
function pairOf(data, pairs) {
  if (state.gt !== undefined) return pairs.find((n) => data.pairs.gt[n] === state.gt);
  const owner = data.anchors.owner[data.rowOf.get(state.anchor)];
  const better = (a, b) => (Number(data.pairs.metric[b]) > Number(data.pairs.metric[a]) ? b : a);
  return pairs.find((n) => data.pairs.gt[n] === owner) ?? (pairs.length ? pairs.reduce(better) : undefined);
}

function notAround(data, row) {
  const place = { gt: state.gt, image: state.image, anchor: state.anchor };
  const owns = row !== undefined && data.anchors.owner[row] === state.gt;
  return element("p", {}, owns ? `${word("outside-owner", place)} ` : "", word("not-around", place));
}

function life(data, n) {
  const gt = data.pairs.gt[n];
  return story(word("life", { anchor: state.anchor, gt }), lifeOf(data, n));
}

// All sentences about a pair: [stage, text].
function lifeOf(data, n) {
  const gt = data.pairs.gt[n];
  const numbers = numbersOf(data, n);
  const first = doc.kinds[data.pairs.kind[n]].map((id) => [id, numbers]);
  return [...first, ...fateOf(data, data.pairs.anchor[n], gt)].map(([id, values]) => [stageOf(id), sentence(id, values)]);
}

// The numbers that sentences up to the selection name: of the trace, the box, the anchor and the pair.
function numbersOf(data, n) {
  const [x, y] = centreOf(data.pairs.anchor[n]);
  const own = ["score", "overlap", "metric", "short", "rank", "left", "top", "right", "bottom"]
    .map((name) => [name, data.pairs[name]?.[n]]);
  return { ...doc.shown, ...data.boxes[data.pairs.gt[n]].shown, x, y, ...Object.fromEntries(own) };
}

// Sentences from conflicts on. An anchor that nobody selected and nobody owns stays background.
function fateOf(data, anchor, gt) {
  const row = data.rowOf.get(anchor);
  if (row === undefined || (data.anchors.claims[row] === 0 && data.anchors.then[row] < 0)) {
    return [...["resolve.unclaimed", "targets.background", "normalize.background"].map((id) => [id, {}]), ...costOf(data, anchor)];
  }
  return data.fates[anchor]?.[gt] ?? [["", { gt, anchor, image: state.image }]];
}

// What a background anchor without a story costs.
function costOf(data, anchor) {
  if (!doc.loss) return [];
  return [["loss.background", { ...doc.loss, class_loss: data.losses.class_loss[anchor], cost: data.losses.cost[anchor] }]];
}

function ownFate(data, row) {
  const owner = row === undefined ? -1 : data.anchors.then[row];
  return fateOf(data, state.anchor, owner).map(([id, values]) => [stageOf(id), sentence(id, values)]);
}

// The stage at which something is decided; topk2 belongs to the stage of conflicts.
function stageOf(id) {
  const stage = id.split(".")[0];
  return stage === "keep" ? "resolve" : stage;
}

function story(title, told) {
  const items = told.map(([stage, text]) => {
    const now = stage === stageNames[state.stage];
    const index = stageNames.indexOf(stage);
    const name = index < 0 ? element("span", { class: "stage" }, stage) : element("button",
      { type: "button", class: "link stage", onclick: () => go({ stage: index }) }, stage);
    return element("li", { "aria-current": now ? "step" : null, "data-stage": stage }, name, " ", element("span", {}, text));
  });
  return element("div", { class: "story" }, element("h3", {}, title), element("ol", {}, items));
}
