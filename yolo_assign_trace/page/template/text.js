// Words and sentences in the reader's language. All texts are data and end up in text nodes; numbers are texts already.

let texts = doc.texts.en;

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

function word(id, values = {}) {
  return fill(texts.words[id], withNouns(values));
}

// A sentence of explain; the empty id stands for one that was left out.
function sentence(id, values) {
  return id ? fill(texts.sentences[id], withNouns(values)) : word("no-fate", values);
}

// Counts that have a noun get it; in Chinese it stands in the text.
function withNouns(values) {
  const found = { ...values };
  for (const [name, [one, many]] of Object.entries(texts.nouns)) {
    if (name in values) found[name] = `${values[name]} ${values[name] === 1 ? one : many}`;
  }
  return found;
}

function className(label) {
  return doc.classes[label] ?? word("class-number", { label });
}

function boxName(box) {
  return word("box-name", { gt: box.gt, name: className(box.label) });
}

function boxSize({ size: [width, height] }) {
  return word("box-size", { width, height });
}

function stageTitle(stage) {
  const found = texts.stages[stage.declaration];
  return found ? fill(found[0], doc.titles) : stage.name;
}

function stageSays(stage) {
  return texts.stages[stage.declaration]?.[1] ?? "";
}

// --- elements: no text is ever read as markup ------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes = {}, ...children) {
  return furnish(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  return furnish(document.createElementNS(SVG, name), attributes, children);
}

function furnish(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

// A table that scrolls in its own frame where it is too wide. Cells are texts or elements; `left` counts the columns
// that hold words.
function table(caption, heads, rows, left = 1) {
  const cell = (name, content, n) => element(name, { class: n < left ? "words" : "figure" }, content);
  const head = element("thead", {}, element("tr", {}, heads.map((text, n) => cell("th", text, n))));
  const body = element("tbody", {}, rows.map(({ cells, ...attributes }) =>
    element("tr", attributes, cells.map((content, n) => cell("td", content, n)))));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element("table", {}, element("caption", {}, caption), head, body));
}
