// The document behind the page, and its columns as typed arrays; images are decoded when they are first shown.

const doc = JSON.parse(document.getElementById("data").textContent);
const ARRAYS = {
  u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array, f8: Float64Array,
};

function column({ type, data, at }) {
  if (type === "text") {
    const words = data ? data.split(" ") : [];
    return at ? Array.from(column(at), (n) => words[n]) : words;
  }
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n);
  return new ARRAYS[type](bytes.buffer);
}

function columns(stored) {
  return Object.fromEntries(Object.entries(stored).map(([name, values]) => [name, column(values)]));
}

const points = column(doc.points);
const levels = doc.grid.levels;
const decoded = new Map();

// One image: its boxes, the columns of its pairs and of its anchors, and where to find the pairs of a box or anchor.
function imageData(image) {
  if (!decoded.has(image)) decoded.set(image, decode(doc.images[image]));
  return decoded.get(image);
}

function decode(stored) {
  const pairs = columns(stored.pairs);
  const anchors = columns(stored.anchors);
  const byBox = new Map();
  const byAnchor = new Map();
  for (let n = 0; n < pairs.gt.length; n++) {
    addTo(byBox, pairs.gt[n], n);
    addTo(byAnchor, pairs.anchor[n], n);
  }
  const rowOf = new Map();
  anchors.anchor.forEach((anchor, row) => rowOf.set(anchor, row));
  const best = new Map(); // largest metric of every box
  for (const [gt, rows] of byBox) {
    best.set(gt, largest(rows.map((n) => Number(pairs.metric[n]))));
  }
  const boxes = stored.boxes.map((box) => ({ ...box, corners: box.corners.map((side) => side ?? NaN) })); // null is nan
  const losses = stored.losses && columns(stored.losses); // of every anchor
  return { ...stored, losses, boxes, pairs, anchors, byBox, byAnchor, rowOf, best };
}

// The largest finite number above 0, otherwise 0.
function largest(values) {
  return values.reduce((most, value) => (Number.isFinite(value) && value > most ? value : most), 0);
}

function addTo(map, key, value) {
  if (!map.has(key)) map.set(key, []);
  map.get(key).push(value);
}

function centreOf(anchor) {
  return [points[2 * anchor], points[2 * anchor + 1]];
}

function levelOf(anchor) {
  let found = 0;
  while (found + 1 < levels.length && anchor >= levels[found + 1].first) found++;
  return found;
}

function addressOf(anchor) {
  const level = levels[levelOf(anchor)];
  const place = anchor - level.first;
  return { anchor, level: level.name, y: Math.floor(place / level.width), x: place % level.width };
}

function addressText(anchor) {
  const { level, y, x } = addressOf(anchor);
  const [left, top] = [(x + 0.5), (y + 0.5)].map((cells) => cells * levels[levelOf(anchor)].stride);
  return `#${anchor} ${level} y${y} x${x} (${left}, ${top} px)`;
}

// The anchor of a level whose cell holds the point x, y px, or undefined beyond the map.
function anchorAt(x, y, levelIndex) {
  const level = levels[levelIndex];
  const [across, row] = [Math.floor(x / level.stride), Math.floor(y / level.stride)];
  if (across < 0 || row < 0 || across >= level.width || row >= level.height) return undefined;
  return level.first + row * level.width + across;
}
