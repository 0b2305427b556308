// Tables that sort by a column when its title is pressed.
function table(id, caption, columns, rows) {
  // columns: title, value of a row, text of a row, figure or words; nothing to sort in one row
  const body = element("tbody");
  const titles = columns.map((column, i) => {
    const name = column.title;
    const inside = rows.length > 1 && name ? element("button", { class: "sort", click: () => sort(i) }, name) : name;
    return element("th", { scope: "col", class: column.words ? "words" : "figure" }, inside);
  });
  let order = [...rows], by = -1, down = false;
  function fill() {
    body.replaceChildren(...order.map((row) => element("tr", {}, ...columns.map((column) => {
      const shown = column.text ? column.text(row) : column.value(row);
      return element("td", { class: column.words ? "words" : "figure" }, typeof shown === "number" ? number(shown) : shown);
    }))));
    titles.forEach((title, i) => {
      if (i === by) title.setAttribute("aria-sort", down ? "descending" : "ascending");
      else title.removeAttribute("aria-sort");
    });
  }
  function sort(i) {
    down = by === i ? !down : !columns[i].words; // numbers begin with the largest
    by = i;
    const value = columns[i].value;
    const compare = (a, b) => (typeof a === "number" ? a - b : `${a}`.localeCompare(`${b}`, "en", { numeric: true }));
    order = [...rows].sort((a, b) => (down ? -1 : 1) * compare(value(a), value(b)));
    fill();
  }
  fill();
  const made = element("table", { id }, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...titles)), body);
  return element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption }, made);
}

const names = [
  { title: "", id: "input", value: (row) => row.imgsz[0] * row.imgsz[1], text: size },
  { title: "", id: "levels", value: (row) => row.shapes, words: true },
  { title: "", id: "release", value: (row) => row.release, words: true },
].map((column) => ({ ...column, get title() { return word(column.id); } }));

function combinations() {
  const columns = [
    ...names,
    { title: word("never"), value: (row) => row.never },
    { title: "%", value: (row) => row.never_percent, text: (row) => percent(row.never, row.boxes) },
    { title: word("few", { less: "k-1" }), value: (row) => row.fewer_than_k },
    { title: "%", value: (row) => row.fewer_than_k / (row.boxes || 1), text: (row) => percent(row.fewer_than_k, row.boxes) },
    { title: word("a-box"), value: (row) => row.candidates_per_box, text: (row) => row.candidates_per_box.toFixed(1) },
    { title: word("by-level"), value: (row) => row.levels[0].candidates,
      text: (row) => row.levels.map((level) => `${level.name} ${(level.candidates / (row.boxes || 1)).toFixed(1)}`).join("  ") },
    { title: word("none-own"), value: (row) => row.without_own },
    { title: word("twins"), value: (row) => row.twins },
    { title: word("too-large"), value: (row) => row.beyond_reg_max },
  ];
  return table("combinations", word("combinations-caption"), columns, data.audit.combinations);
}

function helps() {
  const rows = data.audit.combinations.flatMap((one) => one.helps.map((help) => ({ ...one, ...help })))
    .filter((row) => row.never + row.fewer_than_k > 0);
  if (!rows.length) return null;
  return section("helps", word("helps"), table("helps-table", word("helps-caption"), [
    ...names,
    { title: word("what"), value: (row) => row.what, text: (row) => whatHelps(row.what), words: true },
    { title: word("rescued"), value: (row) => row.of_never, text: (row) => `${number(row.of_never)} / ${number(row.never)}` },
    { title: word("rescued-k"), value: (row) => row.of_fewer_than_k_or_never,
      text: (row) => `${number(row.of_fewer_than_k_or_never)} / ${number(row.never + row.fewer_than_k)}` },
  ], rows));
}

const whatHelps = (what) => {
  const found = what.match(/^a level (\S+) of stride (\d+)$/);
  return found ? word("a-level", { level: found[1], stride: found[2] }) : what;
};

function smallest() {
  const rows = data.audit.smallest_inputs;
  if (!rows.length) return null;
  const shares = Object.keys(rows[0].a_candidate);
  const column = (key, title, share) => ({
    title: `${title} ${share} %`, value: (row) => parseInt(row[key][share] ?? "999999", 10), text: (row) => row[key][share] ?? "-",
  });
  const [first, last] = rows[0].tried;
  return section("smallest", word("smallest"), table("smallest-table", word("smallest-caption", { first, last }), [
    { title: word("levels"), value: (row) => row.shapes, words: true },
    { title: word("release"), value: (row) => row.release, words: true },
    ...shares.map((share) => column("a_candidate", word("one"), share)),
    ...shares.map((share) => column("k_candidates", "k", share)),
  ], rows));
}

function groups(one) {
  const columns = (title) => [
    { title, value: (row) => row.group, words: true },
    { title: word("boxes"), value: (row) => row.boxes },
    { title: "%", value: (row) => row.boxes, text: (row) => percent(row.boxes, one.boxes) },
    { title: word("never"), value: (row) => row.never },
    { title: "%", value: (row) => row.never / row.boxes, text: (row) => percent(row.never, row.boxes) },
    { title: word("few", { less: one.k - 1 }), value: (row) => row.fewer_than_k },
    { title: word("a-box"), value: (row) => row.candidates / row.boxes, text: (row) => (row.candidates / row.boxes).toFixed(1) },
  ];
  const worst = [...one.by_class].sort((a, b) => b.never - a.never || b.fewer_than_k - a.fewer_than_k || b.boxes - a.boxes);
  return [
    table("by-class", word("by-class"), columns(word("class")), worst),
    table("by-picture", word("by-picture"), columns(word("picture")), one.by_picture),
  ];
}

function places(id, title, rows, all) {
  if (!rows.length) return null;
  const more = all > rows.length ? element("p", { class: "hint" }, word("more", { count: number(all - rows.length) })) : null;
  return element("details", { open: rows.length > 30 ? null : "" }, element("summary", {}, `${title} (${number(all)})`), table(id, title, [
    { title: word("where"), value: (row) => `${row.path}:${row.line}`, words: true },
    { title: word("class"), value: (row) => data.audit.class_names[row.label] ?? `${row.label}`, words: true },
    { title: word("width"), value: (row) => row.width },
    { title: word("height"), value: (row) => row.height },
    { title: word("candidates"), value: (row) => row.candidates },
  ], rows), more);
}

function findings(read) {
  if (!read.findings.length) return null;
  return section("findings", word("findings", { release: read.read_as }), table("findings-table", word("findings-caption"), [
    { title: word("grade"), value: (row) => row.grade, words: true },
    { title: word("finding"), value: (row) => row.id, words: true },
    { title: word("count"), value: (row) => row.count },
    { title: word("files"), value: (row) => row.files },
    { title: word("consequence"), value: (row) => row.consequence, words: true },
    { title: word("first"), value: (row) => place(row.first[0]), words: true },
  ], read.findings));
}

const place = (finding) => (finding ? [finding.where ?? finding.path ?? "", finding.message ?? ""].filter(Boolean).join(": ") : "");

function crowded(read) {
  const rows = read.pictures_with_most_boxes;
  if (!rows.length) return null;
  const one = data.audit.combinations[0];
  return section("crowded", word("crowded"), table("crowded-table", word("crowded-caption"), [
    { title: word("boxes"), value: (row) => row.boxes },
    { title: word("dense"), value: (row) => row.boxes, text: (row) => ((row.boxes * one.anchors * 4) / 1e6).toFixed(1) },
    { title: word("on-pairs"), value: (row) => Object.values(row.pairs)[0], text: (row) => ((Object.values(row.pairs)[0] * 4) / 1e6).toFixed(2) },
    { title: word("file"), value: (row) => row.path, words: true },
  ], rows));
}
