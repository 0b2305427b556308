// Words, sentences and numbers in the reader's language. All texts are data and end up in text nodes.

const DIGITS = 5; // of numbers in sentences, as in run.log
const PLAIN = new Set(["x", "y", "left", "top", "right", "bottom", "width", "height", "own_width", "own_height",
  "x1", "y1", "x2", "y2", "sum", "alpha", "beta"]); // px and exponents, which have six digits and as few exponents as possible
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

// `digits` significant digits, a tie to the even one, as Python and numpy round.
function rounded(value, digits) {
  const [digitsText, exponent] = Math.abs(value).toExponential(40).split("e");
  const all = digitsText.replace(".", "");
  const tie = /^50*$/.test(all.slice(digits)) && Number(all[digits - 1]) % 2 === 0;
  if (!tie) return Number(value.toPrecision(digits));
  return Math.sign(value) * Number(`${all[0]}.${all.slice(1, digits)}e${exponent}`);
}

// A float as run.log writes it: 0.28125, 2.0, 1.2028e-7.
function number(value) {
  if (value === null || value === undefined) return "–";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const short = rounded(value, DIGITS);
  const size = Math.abs(short);
  if (size !== 0 && size < 1e-5) return short.toExponential().replace("+", "");
  if (size >= 1e16) return short.toExponential();
  return Number.isInteger(short) ? `${short}.0` : String(short);
}

// Up to six digits, as Python's %.6g.
function plain(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const short = rounded(value, 6);
  const size = Math.abs(short);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return String(short);
  return short.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

function shown(name, value) {
  if (name in texts.nouns || Number.isInteger(value) && INTEGERS.has(name)) return value;
  return PLAIN.has(name) ? plain(value) : number(value);
}

const INTEGERS = new Set(["rank", "candidates", "topk"]);

function className(label) {
  return doc.classes[label] ?? word("class-number", { label });
}

function boxName(box) {
  return word("box-name", { gt: box.gt, name: className(box.label) });
}

function boxSize(box) {
  const [x1, y1, x2, y2] = box.corners;
  return word("box-size", { width: plain(Number((x2 - x1).toFixed(1))), height: plain(Number((y2 - y1).toFixed(1))) });
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
