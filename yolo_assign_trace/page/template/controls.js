// What stays while the stages change: header, timeline, filters, the list of boxes, notes.

const PLAY_MS = 1800;
let playing;

function header() {
  const themes = element("select", { id: "theme", onchange: (event) => go({ theme: event.target.value }) },
    THEMES.map((name) => element("option", { value: name, selected: state.theme === name ? "" : null }, word(`theme-${name}`))));
  const other = state.lang === "en" ? "zh" : "en";
  return element("header", {},
    element("h1", {}, word("title")),
    element("p", { class: "tools" },
      element("label", {}, word("theme"), " ", themes),
      element("button", { type: "button", id: "language", lang: other, "aria-label": word("language-label"),
        onclick: () => go({ lang: other }) }, word("language"))),
    doc.synthetic ? element("p", { class: "warning", id: "synthetic" }, word("synthetic")) : "");
}

function timeline() {
  const buttons = stageNames.map((name, index) => element("li", {}, element("button", {
    type: "button", id: `stage-${name}`, "aria-current": index === state.stage ? "step" : null,
    title: stageTitle(doc.stages[index]), onclick: () => { stop(); go({ stage: index }); },
  }, element("span", { class: "number" }, String(index + 1)), element("span", { class: "name" }, name))));
  return element("nav", { class: "timeline", "aria-label": word("stages") },
    element("div", { class: "transport" },
      element("button", { type: "button", id: "previous", "aria-label": word("previous"), onclick: () => step(-1) }, "◀"),
      element("button", { type: "button", id: "play", "aria-pressed": String(Boolean(playing)), onclick: togglePlaying },
        word(playing ? "pause" : "play")),
      element("button", { type: "button", id: "next", "aria-label": word("next"), onclick: () => step(1) }, "▶")),
    element("ol", {}, buttons));
}

function step(by) {
  stop();
  go({ stage: Math.min(stageNames.length - 1, Math.max(0, state.stage + by)) });
}

function togglePlaying() {
  if (playing) stop();
  else start();
  render();
}

function start() {
  if (state.stage === stageNames.length - 1) go({ stage: 0 });
  playing = setInterval(() => {
    if (state.stage === stageNames.length - 1) { stop(); render(); } else go({ stage: state.stage + 1 }, { remember: false });
  }, PLAY_MS);
}

function stop() {
  clearInterval(playing);
  playing = undefined;
}

function filters() {
  const data = imageData(state.image);
  const images = doc.images.map((image, n) => [String(n), image.name ? `${n} · ${image.name}` : String(n)]);
  const classes = [...new Set(data.boxes.map((box) => box.label))].sort((a, b) => a - b);
  const causes = [...new Set(data.boxes.map((box) => box.cause).filter(Boolean))];
  const level = (value) => go({ level: value === "" ? undefined : Number(value) });
  const outcome = [["", word("all")], ["none", word("cause-none")], ["any", word("cause-any")], ...causes.map((id) => [id, id])];
  return element("form", { class: "filters", "aria-label": word("show"), onsubmit: (event) => event.preventDefault() },
    chooser("image", images, String(state.image), (value) => go({ image: Number(value), gt: undefined, anchor: undefined, zoom: false })),
    chooser("level", [["", word("all")], ...levels.map((one, n) => [String(n), one.name])], String(state.level ?? ""), level),
    chooser("class", [["", word("all")], ...classes.map((label) => [String(label), className(label)])], state.label,
      (value) => go({ label: value, gt: undefined })),
    chooser("cause", outcome, state.cause, (value) => go({ cause: value, gt: undefined })),
    toggle("predicted", state.predicted), toggle("zoom", state.zoom, state.gt === undefined),
    element("button", { type: "button", id: "reset", onclick: () => go({ gt: undefined, anchor: undefined, level: undefined,
      label: "", cause: "", predicted: false, zoom: false }) }, word("reset")));
}

function chooser(id, choices, value, choose) {
  const known = choices.some(([one]) => one === value) ? choices : [...choices, [value, value]];
  const options = known.map(([one, words]) => element("option", { value: one, selected: one === value ? "" : null }, words));
  return element("label", {}, word(id), " ", element("select", { id: `filter-${id}`, onchange: (event) => choose(event.target.value) }, options));
}

function toggle(id, checked, disabled = false) {
  return element("label", { class: "toggle" }, element("input", { type: "checkbox", id: `toggle-${id}`, checked: checked ? "" : null,
    disabled: disabled ? "" : null, onchange: (event) => go({ [id]: event.target.checked }) }), " ", word(id));
}

function boxList() {
  const data = imageData(state.image);
  const found = shownBoxes(data);
  const items = found.map((box) => element("li", {}, element("button", {
    type: "button", id: `box-${box.gt}`, "aria-pressed": String(box.gt === state.gt),
    onclick: () => go({ gt: box.gt === state.gt ? undefined : box.gt }),
  }, swatch(box), element("span", { class: "name" }, `${box.gt} ${className(box.label)}`), element("span", { class: "fate" },
    box.cause || word("positives-short", { count: sum(box.funnel.at(-1)) })))));
  const empty = data.boxes.length ? "no-boxes-match" : "no-boxes";
  return element("section", { class: "panel", id: "boxes", "aria-labelledby": "boxes-title" },
    element("h2", { id: "boxes-title" }, word("boxes"), " ",
      element("small", {}, word("boxes-shown", { shown: found.length, all: data.boxes.length }))),
    items.length ? element("ul", { class: "boxes" }, items) : element("p", {}, word(empty)));
}

function notes() {
  const lines = [];
  if (doc.digits !== null) lines.push(word("rounded", { digits: doc.digits }));
  lines.push(word("left-out"));
  if (doc.left_out.pairs) lines.push(word("left-out-pairs", { count: doc.left_out.pairs }));
  if (doc.left_out.fates) lines.push(word("left-out-fates", { count: doc.left_out.fates }));
  const headerLines = Object.entries(doc.header).filter(([name]) => name !== "names" && !name.startsWith("image["));
  return element("footer", {},
    element("p", { class: "notes" }, lines.join(" ")),
    element("details", { id: "about" }, element("summary", {}, word("about")),
      element("dl", {}, headerLines.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]))),
    element("details", { id: "keys" }, element("summary", {}, word("keys")),
      element("dl", {}, KEYS.flatMap(([keys, id]) => [element("dt", {}, element("kbd", {}, keys)), element("dd", {}, word(id))]))));
}
