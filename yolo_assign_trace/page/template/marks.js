// What became of the anchors up to a stage, as groups of marks: each a class of the style and the anchors in it.

const RAMP = 8; // colours of a scale
const BOX_COLOURS = 5;
const SMALL = 0.4; // size of marks that leave the picture visible
const LEAST = 0.5; // size of marks at the low end of a scale

const byStage = {
  flatten: everyAnchor,
  anchors: everyAnchor,
  capture: everyAnchor,
  decode: everyAnchor,
  ground_truth: () => [],
  scale: bestScores,
  screen: candidates,
  align: metrics,
  topk: selection,
  resolve: owners,
  targets: owners,
  normalize: targets,
  loss: losses,
};

// Groups { style, anchors, legend } and crosses { anchor, gt, winner } at the stage that is shown.
function marksOf(data) {
  const stage = stageNames[state.stage];
  const groups = (byStage[stage] ?? candidates)(data).filter((group) => group.anchors.length);
  return { groups, crosses: ["resolve", "targets", "normalize"].includes(stage) ? lost(data) : [] };
}

function everyAnchor() {
  return levels.flatMap((level, index) => {
    if (state.level !== undefined && state.level !== index) return [];
    const anchors = Array.from({ length: level.width * level.height }, (_, n) => level.first + n);
    return [{ style: `level-${index % BOX_COLOURS}`, anchors, legend: "legend-anchors" }];
  });
}

function bestScores(data) {
  const here = [...data.anchors.anchor.keys()].filter((row) => onLevel(data.anchors.anchor[row]));
  const score = (row) => Number(data.anchors.best_score[row]);
  const most = largest(here.map(score));
  const anchor = (row) => data.anchors.anchor[row];
  return onRamp(here, score, most, anchor, "legend-best-score");
}

function candidates(data) {
  return [{ style: "candidate", anchors: anchorsOf(data, drawnPairs(data)), legend: "legend-candidate" }];
}

// Of an anchor in several boxes, the one with the largest share of its box's best metric decides the colour.
function metrics(data) {
  const share = new Map();
  for (const n of drawnPairs(data)) {
    const best = data.best.get(data.pairs.gt[n]);
    const metric = Number(data.pairs.metric[n]);
    const own = best > 0 && metric > 0 ? metric / best : 0;
    share.set(data.pairs.anchor[n], Math.max(own, share.get(data.pairs.anchor[n]) ?? 0));
  }
  const zero = [...share.keys()].filter((anchor) => share.get(anchor) === 0);
  const above = [...share.keys()].filter((anchor) => share.get(anchor) > 0);
  return [{ style: "candidate faint", anchors: zero, legend: "legend-metric-zero", size: SMALL },
    ...onRamp(above, (anchor) => share.get(anchor), 1, (anchor) => anchor, "legend-metric")];
}

function selection(data) {
  const chosen = anchorsOf(data, drawnPairs(data).filter((n) => data.pairs.selected[n]));
  return [rest(data, chosen), { style: "selected", anchors: chosen, legend: "legend-selected" }];
}

function owners(data) {
  const rows = ownedRows(data);
  const groups = Array.from({ length: BOX_COLOURS }, (_, colour) => ({
    style: `owned box-${colour}`,
    anchors: rows.filter((row) => data.anchors.owner[row] % BOX_COLOURS === colour).map((row) => data.anchors.anchor[row]),
    legend: "legend-positive",
  }));
  return [rest(data, rows.map((row) => data.anchors.anchor[row])), ...groups, ...dropped(data)];
}

function targets(data) {
  const rows = ownedRows(data);
  const target = (row) => Number(data.anchors.target[row]);
  const most = largest(rows.map(target));
  const anchor = (row) => data.anchors.anchor[row];
  const scored = onRamp(rows, target, most, anchor, "legend-positive-score");
  return [rest(data, rows.map(anchor)), ...scored, ...dropped(data)];
}

// Every anchor by what it costs; of a chosen box its positives alone.
function losses(data) {
  if (!data.losses) return [];
  const cost = (anchor) => Number(data.losses.cost[anchor]);
  const all = state.gt === undefined ? [...data.losses.cost.keys()] : ownedRows(data).map((row) => data.anchors.anchor[row]);
  const here = all.filter(onLevel);
  return onRamp(here, cost, largest(here.map(cost)), (anchor) => anchor, "legend-loss");
}

function rest(data, except) {
  const taken = new Set(except);
  const anchors = anchorsOf(data, drawnPairs(data)).filter((anchor) => !taken.has(anchor));
  return { style: "candidate faint", anchors, legend: "legend-candidate", size: SMALL };
}

// Rows of the anchors that a drawn box owns in the end.
function ownedRows(data) {
  const drawn = new Set(drawnBoxes(data).map((box) => box.gt));
  return [...data.anchors.anchor.keys()].filter(
    (row) => drawn.has(data.anchors.owner[row]) && onLevel(data.anchors.anchor[row]),
  );
}

function dropped(data) {
  const drawn = new Set(drawnBoxes(data).map((box) => box.gt));
  const rows = [...data.anchors.anchor.keys()].filter(
    (row) => data.anchors.owner[row] < 0 && drawn.has(data.anchors.then[row]) && onLevel(data.anchors.anchor[row]),
  );
  return [{ style: "dropped", anchors: rows.map((row) => data.anchors.anchor[row]), legend: "legend-dropped" }];
}

// Anchors that a drawn box selected and another one has; each once, with its winner.
function lost(data) {
  const code = doc.outcomes.indexOf("lost");
  const found = new Map();
  for (const n of drawnPairs(data)) {
    if (data.pairs.outcome[n] === code) {
      const anchor = data.pairs.anchor[n];
      found.set(anchor, { anchor, winner: data.anchors.then[data.rowOf.get(anchor)] });
    }
  }
  return [...found.values()];
}

function anchorsOf(data, pairs) {
  return [...new Set(pairs.map((n) => data.pairs.anchor[n]))];
}

// Groups by the value of every item, from 0 to `most`; larger values have larger marks as well.
function onRamp(items, value, most, anchor, legend) {
  const bins = Array.from({ length: RAMP }, (_, n) => (
    { style: `ramp ramp-${n}`, anchors: [], legend, most, size: LEAST + ((1 - LEAST) * (n + 1)) / RAMP }));
  for (const item of items) {
    const place = Math.floor((value(item) / most) * RAMP);
    bins[Number.isFinite(place) ? Math.min(RAMP - 1, Math.max(0, place)) : 0].anchors.push(anchor(item));
  }
  return bins;
}

// --- shapes: each level has its own; all are drawn clockwise, so that overlapping ones leave no hole --------------------

function shape(level, x, y, r) {
  const at = (corners) => `M${corners.map(([dx, dy]) => `${x + dx * r} ${y + dy * r}`).join("L")}Z`;
  switch (level % 5) {
    case 0: return `M${x - r} ${y}a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1 ${-2 * r} 0Z`;
    case 1: return at([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]);
    case 2: return at([[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]]);
    case 3: return at([[0, -1.25], [1.1, 0.85], [-1.1, 0.85]]);
    default: return at([[0, -1.1], [1.05, -0.34], [0.65, 0.89], [-0.65, 0.89], [-1.05, -0.34]]);
  }
}

// Half the size of a mark in px of the input: larger for coarser levels, within its cell, and not huge when zoomed.
function radius(level) {
  const { stride } = levels[level];
  return Math.min(stride * 0.34, 0.9 + 0.62 * Math.sqrt(stride), 12 * scale);
}
