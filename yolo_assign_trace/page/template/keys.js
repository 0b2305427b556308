// The keyboard: everything can be reached with Tab as well; these are short cuts.

const KEYS = [
  ["← →", "key-stage"], ["Space", "key-play"], ["Shift + ← → ↑ ↓", "key-anchor"], ["l", "key-level"],
  ["b  B", "key-box"], ["i  I", "key-image"], ["Esc", "key-escape"],
];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function pressed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const at = event.target.tagName;
  if (["SELECT", "INPUT", "TEXTAREA"].includes(at)) return;
  if (event.key === " " && ["BUTTON", "SUMMARY"].includes(at)) return; // it presses the button
  const done = act(event.key, event.shiftKey);
  if (done) event.preventDefault();
}

function act(key, shift) {
  if (key in ARROWS && shift) return moveAnchor(...ARROWS[key]);
  if (key === "ArrowLeft" || key === "ArrowRight") { step(ARROWS[key][0]); return true; }
  if (key === " ") { togglePlaying(); return true; }
  if (key === "l") return nextLevel();
  if (key === "b" || key === "B") return nextBox(key === "b" ? 1 : -1);
  if (key === "i" || key === "I") return nextImage(key === "i" ? 1 : -1);
  if (key === "Escape") { go({ gt: undefined, anchor: undefined, zoom: false }); return true; }
  return false;
}

// From no anchor to the best one of the chosen box, or to the middle; then cell by cell within the level.
function moveAnchor(dx, dy) {
  if (state.anchor === undefined) {
    const data = imageData(state.image);
    const best = state.gt === undefined ? undefined : ranked(data, data.boxes[state.gt])[0];
    const middle = anchorAt(doc.grid.width / 2, doc.grid.height / 2, state.level ?? 0) ?? 0;
    go({ anchor: best === undefined ? middle : data.pairs.anchor[best] });
    return true;
  }
  const level = levels[levelOf(state.anchor)];
  const { x, y } = addressOf(state.anchor);
  const [across, row] = [x + dx, y + dy];
  if (across < 0 || row < 0 || across >= level.width || row >= level.height) return true;
  go({ anchor: level.first + row * level.width + across });
  return true;
}

function nextLevel() {
  if (state.anchor === undefined) return false;
  const next = (levelOf(state.anchor) + 1) % levels.length;
  const anchor = anchorAt(...centreOf(state.anchor), next);
  if (anchor !== undefined) go({ anchor, level: state.level === undefined ? undefined : next });
  return true;
}

function nextBox(by) {
  const found = shownBoxes(imageData(state.image)).map((box) => box.gt);
  if (!found.length) return false;
  const at = found.indexOf(state.gt);
  const next = at < 0 ? (by > 0 ? 0 : found.length - 1) : (at + by + found.length) % found.length;
  go({ gt: found[next] });
  return true;
}

function nextImage(by) {
  const count = doc.images.length;
  go({ image: (state.image + by + count) % count, gt: undefined, anchor: undefined, zoom: false });
  return true;
}
