// Data, words in the language that is shown, and elements made of them. All text goes in as text.
const data = JSON.parse(document.getElementById("data").textContent);
const root = document.getElementById("audit");
const languages = ["en", "zh"];
const asked = new URLSearchParams(location.hash.slice(1)).get("lang");
let language = languages.includes(asked) ? asked : navigator.language.startsWith("zh") ? "zh" : "en";
let chosen = 0; // which combination the charts and lists are of

const word = (id, values = {}) =>
  data.words[language][id].replace(/\{(\w+)\}/g, (_, name) => values[name]);

const number = (value) => value.toLocaleString("en-US");
const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)} %` : "-");

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "click") made.addEventListener("click", value);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function shape(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const titled = (text) => shape("title", {}, text);
const section = (id, title, ...children) =>
  element("section", { class: "panel", id }, element("h2", {}, title), ...children);

const combinationName = (one) => `${size(one)} ${one.shapes} ${one.release}`;
const size = ({ imgsz: [height, width] }) => (height === width ? `${height}` : `${height}x${width}`);
