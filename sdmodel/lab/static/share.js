/* Share and keep: a link, a code, a picture of it, files. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h } = Lab;

  /** Draw a QR code. */
  function picture(text) {
    const cells = Lab.qr(text);
    if (!cells) return h("p.note", null, Lab.t("share.too_long"));
    const n = cells.length;
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", `-2 -2 ${n + 4} ${n + 4}`);
    svg.setAttribute("class", "qr");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", Lab.t("share.qr"));
    svg.setAttribute("shape-rendering", "crispEdges");
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", cells.map((row, r) => [...row].map((on, c) => (on ? `M${c} ${r}h1v1h-1z` : "")).join("")).join(""));
    path.setAttribute("fill", "#000");
    svg.append(path);
    return svg;
  }

  function field(key, text) {
    const input = h("input", { type: "text", readonly: true, value: text, class: "mono", "aria-label": Lab.t(key) });
    return h("div.row", null, h("span", null, Lab.t(key)), input, Lab.button("share.copy", () => Lab.copy(input.value)));
  }

  /** Take a code that somebody typed or pasted: the short one, or a whole address. */
  function open(text) {
    try {
      const address = /#s=([^\s]+)/.exec(text);
      if (address) {
        const { state, other } = Lab.decodeState(decodeURIComponent(address[1]));
        Lab.change(state);
        Lab.startWord = other ? Lab.t("code.other_model") : "";
        Lab.redraw("all");
      } else {
        Lab.load(Lab.readCode(text));
      }
      Lab.announce(Lab.t("share.opened"));
    } catch (error) {
      Lab.trouble(error instanceof URIError ? Lab.t("code.broken") : error.message);
    }
  }

  function draw(panel, now, what) {
    if (!what.has("fresh") && !what.has("values") && !what.has("all")) return;
    const { values } = Lab.state;
    const code = Lab.shortCode(values);
    const base = location.protocol.startsWith("http") ? location.href.split("#")[0] : "";
    const link = `${location.href.split("#")[0]}#s=${Lab.encodeState()}`;
    if (!what.has("fresh")) {
      panel.querySelector(".codes").replaceChildren(...codes());
      return;
    }
    function codes() {
      return [field("share.link", link), field("share.code", code), picture(base && link.length < 800 ? link : code)];
    }
    const typed = h("input", { type: "text", id: "open-code", class: "mono", autocomplete: "off", maxlength: "60000" });
    const title = () => ({ en: nameIn("en"), zh: nameIn("zh") });
    panel.append(
      h("h3", null, Lab.t("share.title")),
      h("p", null, Lab.t("share.what")),
      h("div.codes", null, ...codes()),
      h("form.row", { onsubmit: (e) => { e.preventDefault(); open(typed.value); } },
        h("label", { for: "open-code" }, Lab.t("share.open")), typed,
        h("button", { type: "submit" }, Lab.t("share.go"))),
      h("h4", null, Lab.t("share.files")),
      h("div.row", null,
        Lab.button("share.toml", () => Lab.save("design.toml", "application/toml", Lab.toml(Lab.state.values, title()))),
        Lab.button("share.series", () => Lab.save("series.csv", "text/csv", Lab.csv(Lab.seriesRows(now)))),
        Lab.button("share.headlines", () => Lab.save("headlines.csv", "text/csv", Lab.csv(Lab.headlineRows(now)))),
        Lab.button("share.print", () => window.print())),
      h("p.note", null, Lab.t("share.toml_note")));
  }
  function nameIn(lang) {
    const kept = Lab.lang;
    Lab.lang = lang;
    const name = Lab.nameOf(Lab.state.values, Lab.state.preset);
    Lab.lang = kept;
    return name;
  }
  Lab.tabs.set("share", { draw });
})();
