// Charts as SVG: boxes by number of candidates, by size, by place in the image.
const WIDTH = 480, LEFT = 78, RIGHT = 58, ROW = 24;

function bars(label, rows, parts) {
  // rows: name, counts of the parts; a bar a row, as long as the row's total
  const most = Math.max(1, ...rows.map((row) => row.counts.reduce((a, b) => a + b, 0)));
  const chart = shape("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${rows.length * ROW + 8}`, role: "img", "aria-label": label });
  rows.forEach((row, i) => {
    const top = i * ROW + 4, total = row.counts.reduce((a, b) => a + b, 0);
    chart.append(shape("text", { class: "end", x: LEFT - 8, y: top + 16 }, row.name));
    let x = LEFT;
    row.counts.forEach((count, part) => {
      const width = ((WIDTH - LEFT - RIGHT) * count) / most;
      if (count) {
        const told = titled(`${row.name}, ${parts[part].name}: ${number(count)} (${percent(count, total)})`);
        chart.append(shape("rect", { class: parts[part].style, x, y: top, width: Math.max(width, 1), height: ROW - 6 }, told));
      }
      x += width;
    });
    chart.append(shape("text", { x: x + 6, y: top + 16 }, number(total)));
  });
  return chart;
}

function legend(parts) {
  return element("ul", { class: "legend" }, ...parts.map((part) => {
    const key = shape("svg", { class: "key", viewBox: "0 0 26 16", "aria-hidden": "true" });
    key.append(shape("rect", { class: part.style, width: 26, height: 16 }));
    return element("li", {}, key, ` ${part.name}`);
  }));
}

const outcomes = (k) => [
  { name: word("never"), style: "never" },
  { name: word("few", { less: k - 1 }), style: "few" },
  { name: word("enough", { k }), style: "enough" },
];

function histogram(one) {
  const styles = outcomes(one.k);
  const rows = one.boxes_by_candidates.map((count, i) => {
    const counts = [0, 0, 0];
    counts[i === 0 ? 0 : i < one.k ? 1 : 2] = count;
    return { name: i < one.k ? `${i}` : `${i}+`, counts };
  });
  return bars(word("by-candidates"), rows, styles);
}

const bySize = (one) =>
  bars(word("by-size"), one.by_size.map(({ group, boxes, never, fewer_than_k: few }) =>
    ({ name: group, counts: [never, few, boxes - never - few] })), outcomes(one.k));

function heat(cells) {
  const most = Math.max(1, ...cells.flat()), side = 16;
  const map = shape("svg", { class: "chart heat", viewBox: `0 0 ${side * cells[0].length} ${side * cells.length}`, role: "img", "aria-label": word("places") });
  cells.forEach((row, y) => row.forEach((count, x) => {
    if (count) {
      const colour = Math.min(7, Math.floor((8 * Math.sqrt(count)) / Math.sqrt(most + 1)));
      map.append(shape("rect", { class: `ramp-${colour}`, x: x * side, y: y * side, width: side, height: side }, titled(number(count))));
    }
  }));
  map.append(shape("rect", { class: "frame", x: 0, y: 0, width: side * cells[0].length, height: side * cells.length }));
  return map;
}
