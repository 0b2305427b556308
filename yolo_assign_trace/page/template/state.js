// What is shown. The address of the page says it all, so that a link brings it back and the back button works.

const stageNames = doc.stages.map((stage) => stage.name);
const THEMES = ["auto", "light", "dark"];
let state = readState();

function readState() {
  const said = new URLSearchParams(location.hash.slice(1));
  const images = doc.images.length;
  const image = within(said.get("image"), images) ?? 0;
  const boxes = images ? doc.images[image].boxes.length : 0;
  const chosen = said.get("lang") ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
  return {
    image,
    gt: within(said.get("gt"), boxes),
    anchor: within(said.get("anchor"), doc.grid.anchors),
    stage: Math.max(0, stageNames.indexOf(said.get("stage"))),
    lang: chosen in doc.texts ? chosen : "en",
    theme: THEMES.includes(said.get("theme")) ? said.get("theme") : "auto",
    level: within(said.get("level"), levels.length),
    label: said.get("class") ?? "",
    cause: said.get("cause") ?? "",
    predicted: said.get("predicted") === "1",
    zoom: said.get("zoom") === "1",
  };
}

function within(text, count) {
  return /^\d{1,9}$/.test(text ?? "") && Number(text) < count ? Number(text) : undefined;
}

function addressFor(wanted) {
  const said = new URLSearchParams({ image: wanted.image });
  if (wanted.gt !== undefined) said.set("gt", wanted.gt);
  if (wanted.anchor !== undefined) said.set("anchor", wanted.anchor);
  said.set("stage", stageNames[wanted.stage]);
  if (wanted.level !== undefined) said.set("level", wanted.level);
  if (wanted.label) said.set("class", wanted.label);
  if (wanted.cause) said.set("cause", wanted.cause);
  if (wanted.predicted) said.set("predicted", "1");
  if (wanted.zoom) said.set("zoom", "1");
  if (wanted.theme !== "auto") said.set("theme", wanted.theme);
  said.set("lang", wanted.lang);
  return `#${said}`;
}

// Show something else. Every step can be undone with the back button, but for the steps of playing.
function go(changes, { remember = true } = {}) {
  const address = addressFor({ ...state, ...changes });
  if (remember) location.hash = address;
  else history.replaceState(null, "", address);
  follow(); // at once: the next key must find the new state
}

function shownBoxes(data) {
  return data.boxes.filter(
    (box) =>
      (state.label === "" || String(box.label) === state.label) &&
      (state.cause === "" || (state.cause === "none" && !box.cause) || (state.cause === "any" && box.cause) ||
        box.cause === state.cause),
  );
}

// The boxes whose pairs are drawn: the chosen one, or all that pass the filters.
function drawnBoxes(data) {
  return state.gt === undefined ? shownBoxes(data) : [data.boxes[state.gt]];
}

function onLevel(anchor) {
  return state.level === undefined || levelOf(anchor) === state.level;
}

// The rows of the pairs that are drawn.
function drawnPairs(data) {
  return drawnBoxes(data).flatMap((box) => data.byBox.get(box.gt) ?? []).filter((n) => onLevel(data.pairs.anchor[n]));
}
