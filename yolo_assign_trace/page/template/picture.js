// The picture of an image: boxes, marks of the stage, what is chosen. Drawn anew at every step.

const LABELS_AT_MOST = 40;
const LABEL_PX = 12;
const REACH_PX = 8; // from the edge of a mark to a click that chooses it
const pen = document.createElement("canvas").getContext("2d"); // measures labels
pen.font = `600 ${LABEL_PX}px ${getComputedStyle(document.body).fontFamily}`;
const pictureNode = svg("svg", {
  id: "picture", tabindex: "0", role: "group", onclick: (event) => chooseAnchor(event), preserveAspectRatio: "xMidYMid meet",
});
let scale = 1; // px of the input per px of the screen

function drawPicture() {
  const data = imageData(state.image);
  const view = viewOf(data);
  pictureNode.setAttribute("viewBox", view.join(" "));
  pictureNode.setAttribute("aria-label", word("picture",
    { image: state.image, boxes: data.boxes.length, stage: stageNames[state.stage] }));
  const room = pictureNode.getBoundingClientRect();
  scale = room.width ? Math.max(view[2] / room.width, view[3] / room.height) : 1;
  const { groups, crosses } = marksOf(data);
  const parts = [backdrop(data), cells(), ...linksToBoxes(data), ...boxes(data)];
  const taken = []; // where text stands already: labels first, then the numbers of winners
  const named = labels(data, taken);
  parts.push(...groups.map(marks), ...crosses.map((one) => cross(one, taken)), ...predictions(data), ...choice(), ...named);
  pictureNode.replaceChildren(...parts.filter(Boolean));
  return { groups, crosses };
}

function viewOf(data) {
  const whole = [0, 0, doc.grid.width, doc.grid.height];
  const box = state.zoom && state.gt !== undefined ? data.boxes[state.gt] : undefined;
  if (!box?.corners.every(Number.isFinite)) return whole;
  const [x1, y1, x2, y2] = box.seen;
  const side = Math.max(x2 - x1, y2 - y1, 4 * levels[0].stride) * 1.3;
  return [(x1 + x2 - side) / 2, (y1 + y2 - side) / 2, side, side];
}

function backdrop(data) {
  const { width, height } = doc.grid;
  const canvas = svg("rect", { class: "canvas", x: 0, y: 0, width, height });
  if (!data.picture) return canvas;
  const [x, y, w, h] = data.picture.place;
  const photo = svg("image", { href: data.picture.uri, x, y, width: w, height: h, preserveAspectRatio: "none", class: "photo" });
  return svg("g", {}, canvas, photo, svg("rect", { class: "veil", x: 0, y: 0, width, height }));
}

// The lines between the cells of one level: the chosen one, or the coarsest where there is room for all.
function cells() {
  if (!["flatten", "anchors", "decode", "capture"].includes(stageNames[state.stage])) return null;
  const level = levels[state.level ?? (levels[0].stride >= 32 ? 0 : levels.length - 1)];
  const [width, height] = [level.width * level.stride, level.height * level.stride];
  let d = "";
  for (let x = 0; x <= level.width; x++) d += `M${x * level.stride} 0V${height}`;
  for (let y = 0; y <= level.height; y++) d += `M0 ${y * level.stride}H${width}`;
  return svg("path", { class: "cells", d });
}

function marks({ style, anchors, size = 1 }) {
  let d = "";
  for (const anchor of anchors) {
    const level = levelOf(anchor);
    d += shape(level, ...centreOf(anchor), size * radius(level));
  }
  return svg("path", { class: `marks ${style}`, d, "data-count": anchors.length });
}

function cross({ anchor, winner }, taken) {
  const [x, y] = centreOf(anchor);
  const r = radius(levelOf(anchor)) * 1.2;
  const d = `M${x - r} ${y - r}L${x + r} ${y + r}M${x - r} ${y + r}L${x + r} ${y - r}`;
  const text = winner < 0 ? "" : String(winner);
  const [size, left, bottom] = [11 * scale, x + r * 1.2, y - r * 0.4];
  const free = claimRoom([left, bottom - size, left + pen.measureText(text).width * scale, bottom], taken);
  const digits = free ? svg("text", { x: left, y: bottom, "font-size": size }, text) : null;
  return svg("g", { class: "lost" }, svg("path", { d }), digits);
}

// At the stage of targets: from every positive to the centre of its box.
function linksToBoxes(data) {
  if (stageNames[state.stage] !== "targets") return [];
  return ownedRows(data).map((row) => {
    const [x, y] = centreOf(data.anchors.anchor[row]);
    const owner = data.boxes[data.anchors.owner[row]];
    if (!owner) return null;
    const [x1, y1, x2, y2] = owner.corners;
    return svg("path", { class: `to-box box-${owner.gt % BOX_COLOURS}`, d: `M${x} ${y}L${(x1 + x2) / 2} ${(y1 + y2) / 2}` });
  });
}

function boxes(data) {
  if (!boxesAreKnown()) return [];
  return withCorners(data).reverse().map(outline);
}

// The boxes that pass the filters and can be drawn, the chosen one first.
function withCorners(data) {
  const found = shownBoxes(data).filter((box) => box.corners.every(Number.isFinite));
  return [...found.filter((box) => box.gt === state.gt), ...found.filter((box) => box.gt !== state.gt)];
}

function outline(box) {
  const [x1, y1, x2, y2] = box.corners;
  const faded = state.gt !== undefined && state.gt !== box.gt;
  const classes = ["box", `box-${box.gt % BOX_COLOURS}`, box.cause && "without", faded && "faded"].filter(Boolean).join(" ");
  const place = { x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1) };
  const choose = (event) => { event.stopPropagation(); go({ gt: box.gt }); };
  const nodes = [svg("rect", { class: classes, ...place, id: `gt-${box.gt}` }),
    svg("rect", { class: "grip", ...place, "stroke-width": 9 * scale, onclick: choose })];
  if (box.enlarged && !faded) {
    const [a, b, c, d] = box.seen;
    nodes.push(svg("rect", { class: "seen", x: a, y: b, width: c - a, height: d - b }));
  }
  return svg("g", {}, nodes);
}

// Before the labels are read there is nothing but the grid, unless the reader asks for a box.
function boxesAreKnown() {
  return state.gt !== undefined || !["flatten", "anchors", "decode"].includes(stageNames[state.stage]);
}

// Labels one after the other; one that would lie on another is left out. The list under the picture has all.
function labels(data, taken) {
  const size = LABEL_PX * scale;
  const known = boxesAreKnown() ? withCorners(data) : [];
  const many = known.length > LABELS_AT_MOST;
  const wanted = many && state.gt !== undefined ? known.slice(0, 1) : known.slice(0, LABELS_AT_MOST);
  return wanted.map((box) => {
    const text = [...`${box.gt} ${className(box.label)}`].slice(0, 28).join("");
    const width = pen.measureText(text).width * scale + size * 0.7;
    const [x1, y1] = box.corners;
    const x = Math.max(0, Math.min(x1, doc.grid.width - width));
    const y = y1 - size * 1.35 < 0 ? Math.max(0, y1) : y1 - size * 1.35;
    const place = [x, y, x + width, y + size * 1.35];
    if (!claimRoom(place, taken)) return null;
    const faded = state.gt !== undefined && state.gt !== box.gt;
    const choose = (event) => { event.stopPropagation(); go({ gt: box.gt }); };
    return svg("g", { class: `label box-${box.gt % BOX_COLOURS}${faded ? " faded" : ""}`, onclick: choose },
      svg("rect", { x, y, width, height: size * 1.35, rx: size * 0.2 }),
      svg("text", { x: x + size * 0.35, y: y + size, "font-size": size }, text));
  });
}

// Takes the place x1, y1, x2, y2 for a text if none of those `taken` lies on it.
function claimRoom([x1, y1, x2, y2], taken) {
  if (taken.some(([a, b, c, d]) => x1 < c && a < x2 && y1 < d && b < y2)) return false;
  taken.push([x1, y1, x2, y2]);
  return true;
}

// Predicted boxes: that of the chosen anchor, and where wanted those of the positives or selected ones.
function predictions(data) {
  const wanted = new Set();
  if (state.predicted) {
    const late = ["resolve", "targets", "normalize", "loss"].includes(stageNames[state.stage]);
    const rows = late ? ownedRows(data) : [];
    rows.forEach((row) => wanted.add(data.anchors.anchor[row]));
    if (!late) drawnPairs(data).filter((n) => data.pairs.selected[n]).forEach((n) => wanted.add(data.pairs.anchor[n]));
  }
  wanted.delete(state.anchor);
  const found = [...wanted].map((anchor) => predicted(data, anchor, "predicted"));
  return state.anchor === undefined ? found : [...found, predicted(data, state.anchor, "predicted chosen")];
}

function predicted(data, anchor, style) {
  const row = data.rowOf.get(anchor);
  if (row === undefined) return null;
  const corners = data.anchors.predicted.slice(4 * row, 4 * row + 4).map(Number);
  if (!corners.every(Number.isFinite)) return null;
  const [x1, y1, x2, y2] = corners;
  return svg("rect", { class: style, x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1) });
}

function choice() {
  if (state.anchor === undefined) return [];
  const level = levelOf(state.anchor);
  const [x, y] = centreOf(state.anchor);
  const r = radius(level) * 1.25 + 3 * scale;
  const { stride } = levels[level];
  return [
    svg("rect", { class: "cell", x: x - stride / 2, y: y - stride / 2, width: stride, height: stride }),
    svg("circle", { class: "ring outer", cx: x, cy: y, r }), svg("circle", { class: "ring", cx: x, cy: y, r }),
  ];
}

// A click takes the mark that is nearest to it, if that is within reach; otherwise the cell of the level that is shown, if one
// is chosen; otherwise nothing.
function chooseAnchor(event) {
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(pictureNode.getScreenCTM().inverse());
  let [anchor, least] = [state.level === undefined ? undefined : anchorAt(x, y, state.level), Infinity];
  for (const one of marksOf(imageData(state.image)).groups.flatMap((group) => group.anchors)) {
    const away = Math.hypot(centreOf(one)[0] - x, centreOf(one)[1] - y);
    if (away < least && away <= radius(levelOf(one)) + REACH_PX * scale) [anchor, least] = [one, away];
  }
  go({ anchor });
}
