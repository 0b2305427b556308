// The whole report, drawn anew when the language or the combination changes.
function draw() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = word("title");
  const audit = data.audit, one = audit.combinations[chosen], read = audit.labels[0];
  const other = languages.find((each) => each !== language);
  const button = element("button", { id: "language", "aria-label": word("language-label"), click: () => { language = other; draw(); } }, word("language"));
  const about = word("about", { source: audit.source, images: number(read.images), boxes: number(read.boxes) });
  const choice = element("select", { id: "combination" }, ...audit.combinations.map((each, i) => element("option", { value: i }, combinationName(each))));
  choice.value = chosen;
  choice.addEventListener("change", () => { chosen = Number(choice.value); draw(); document.getElementById("combination").focus(); });
  const chart = (title, drawn) => element("div", {}, element("h3", {}, title), drawn);
  const parts = [
    element("header", {}, element("h1", {}, word("title")), element("div", { class: "tools" }, button)),
    element("p", {}, about),
    section("verdict", word("verdict", { name: combinationName(audit.combinations[0]) }),
      element("dl", {}, ...data.verdict[language].flatMap(({ about: what, text, grade }) =>
        [element("dt", { class: grade }, what), element("dd", { class: grade }, text)]))),
    section("candidates", word("candidates-title"), combinations()),
    helps(),
    smallest(),
    section("charts", word("who"), element("label", {}, `${word("of")} `, choice), legend(outcomes(one.k)),
      element("div", { class: "charts" },
        chart(word("by-candidates"), histogram(one)), chart(word("by-size"), bySize(one)), chart(word("places"), heat(read.centres))),
      ...groups(one)),
    pictures(),
    one.never + one.fewer_than_k + one.beyond_reg_max ? section("lists", word("lists", { name: combinationName(one) }),
      places("never-list", word("never-list"), one.never_first, one.never),
      places("few-list", word("few-list", { k: one.k }), one.fewer_than_k_first, one.fewer_than_k),
      places("large-list", word("large-list"), one.beyond_reg_max_first, one.beyond_reg_max)) : null,
    crowded(read),
    findings(read),
    audit.remarks.length ? section("remarks", word("remarks"), element("ul", { class: "facts" }, ...audit.remarks.map((text) => element("li", {}, text)))) : null,
    element("footer", {}, element("p", { class: "hint" }, word("footer"))),
  ];
  root.replaceChildren(...parts.filter(Boolean));
}
draw();
