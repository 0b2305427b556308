// The worst pictures with their boxes, and the centres of the anchors as a grid of dots a level.
function picture(shown, index) {
  const { width, height } = shown, k = data.audit.combinations[0].k;
  const made = shape("svg", { class: "worst", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": shown.name });
  const dots = shape("defs");
  data.strides.forEach((stride, level) => {
    const pattern = shape("pattern", { id: `dots-${index}-${level}`, width: stride, height: stride, patternUnits: "userSpaceOnUse" });
    pattern.append(shape("circle", { class: `dots-${level}`, cx: stride / 2, cy: stride / 2, r: 0.6 + 0.5 * level }));
    dots.append(pattern);
  });
  made.append(dots, shape("rect", { class: "ground", width, height }));
  if (shown.photo) {
    const [x, y, w, h] = shown.photo.place;
    made.append(shape("image", { href: shown.photo.uri, x, y, width: w, height: h, preserveAspectRatio: "none" }));
    made.append(shape("rect", { class: "veil", width, height }));
  }
  data.strides.forEach((_, level) => made.append(shape("rect", { width, height, fill: `url(#dots-${index}-${level})` })));
  for (const box of [...shown.boxes].reverse()) { // the worst on top
    const style = box.candidates === 0 ? "never" : box.candidates < k ? "few" : "enough";
    const told = `${shown.labels}:${box.line}, ${box.class}: ${word("has", { count: box.candidates })}`;
    if (`${box.corners}` !== `${box.screened}` && style !== "enough") made.append(rectangle(box.screened, `outline seen ${style}-line`));
    made.append(rectangle(box.corners, `outline ${style}-line`, told));
  }
  const never = shown.boxes.filter((box) => box.candidates === 0).length;
  const few = shown.boxes.filter((box) => box.candidates > 0 && box.candidates < k).length;
  const says = word("picture-says", { boxes: number(shown.boxes.length + shown.more), never, few });
  return element("figure", {}, made, element("figcaption", {}, element("strong", {}, shown.name), ` ${says} `, element("code", {}, shown.command)));
}

function rectangle([x1, y1, x2, y2], style, told) {
  const made = shape("rect", { class: style, x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1) });
  if (told) made.append(titled(told));
  return made;
}

function pictures() {
  if (!data.pictures.length) return null;
  const one = data.audit.combinations[0];
  return section("pictures", word("pictures"), element("p", { class: "hint" }, word("pictures-hint", { name: combinationName(one) })),
    legend(outcomes(one.k)), element("div", { class: "gallery" }, ...data.pictures.map(picture)));
}
