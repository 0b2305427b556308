"use strict";
{
  const asked = new URLSearchParams(location.hash.slice(1)).get("lang") ?? navigator.language;
  const show = (chinese) => {
    document.documentElement.lang = chinese ? "zh-CN" : "en";
    for (const link of document.querySelectorAll("td a")) {
      const said = new URLSearchParams(link.hash.slice(1));
      said.set("lang", chinese ? "zh" : "en");
      link.hash = said;
    }
  };
  show(asked.startsWith("zh"));
  document.getElementById("language").addEventListener("click", () => show(!document.documentElement.lang.startsWith("zh")));
}
