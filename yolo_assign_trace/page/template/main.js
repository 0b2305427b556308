// Puts the page together and draws it anew whenever its address changes.

const live = document.getElementById("live");
const app = document.getElementById("app");
const opened = new Set(); // details that the reader opened

function render() {
  texts = doc.texts[state.lang];
  document.documentElement.lang = state.lang === "zh" ? "zh-Hans" : "en";
  document.documentElement.dataset.theme = state.theme;
  document.title = `${stageNames[state.stage]} · ${word("title")}`;
  const focused = document.activeElement?.id;
  const scrolled = document.querySelector("ul.boxes")?.scrollTop ?? 0;
  if (!doc.images.length) {
    app.replaceChildren(header(), element("main", {}, element("p", {}, word("no-boxes"))), notes());
    return;
  }
  const data = imageData(state.image);
  const legends = element("div", { class: "legends" });
  app.replaceChildren(header(), timeline(), filters(),
    element("main", {},
      element("div", { class: "left" }, element("figure", {}, pictureNode, element("figcaption", {}, legends))),
      element("div", { class: "right" }, stagePanel(), boxList(),
        state.anchor === undefined ? null : anchorPanel(data),
        state.gt === undefined ? null : boxPanel(data),
        state.gt === undefined && state.anchor === undefined ? element("p", { class: "hint" }, word("no-choice")) : null)),
    notes());
  const drawn = drawPicture();
  legends.replaceChildren(...legend(drawn));
  for (const details of app.querySelectorAll("details")) {
    details.open = opened.has(details.id);
    details.addEventListener("toggle", () => (details.open ? opened.add(details.id) : opened.delete(details.id)));
  }
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  const list = document.querySelector("ul.boxes");
  if (list) list.scrollTop = scrolled;
  announce();
}

function announce() {
  const stage = doc.stages[state.stage];
  live.textContent = word("step",
    { number: state.stage + 1, count: stageNames.length, stage: stage.name, title: stageTitle(stage) });
}

let followed = location.hash;

// Shows what the address says, if that is not what is shown.
function follow() {
  if (followed === location.hash) return;
  followed = location.hash;
  state = readState();
  render();
}

window.addEventListener("hashchange", follow);
document.addEventListener("keydown", pressed);
let width = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth !== width) {
    width = window.innerWidth;
    drawPicture();
  }
});
render();
