/* About: what the model is for, how it is checked, under which terms it travels. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { h, data } = Lab;

  /** Run the record through the page's own kernel and say how near it comes. */
  async function check(place) {
    place.textContent = Lab.t("about.checking");
    await new Promise((done) => setTimeout(done, 30));
    try {
      const { sets, worst, ok } = await Lab.Verify.run(Lab.engine, data.record);
      place.textContent = Lab.t(ok ? "about.agrees" : "about.differs", { sets, worst: worst.toExponential(1), bound: data.model.agreement.bound.toExponential(0) });
    } catch (error) {
      place.textContent = Lab.t("about.no_check", { reason: String(error.message || error) });
    }
  }

  function draw(panel, now, what) {
    if (!what.has("fresh")) return;
    const m = data.model;
    const result = h("p", { role: "status", id: "check-result" });
    const fact = (key, value) => [h("dt", null, Lab.t(key)), h("dd.mono", null, value)];
    panel.append(
      h("h3", null, Lab.t("about.title")), h("p", null, Lab.purpose()),
      h("ul", null, ...(data.face.place ? ["about.not_forecast", "about.not_place", "about.not_person", "about.averages"] : ["about.not_forecast"]).map((key) => h("li", null, Lab.t(key)))),
      h("p", null, data.draws.n ? Lab.t("about.how", { n: String(data.draws.n) }) : Lab.t("about.how_plain")),
      h("h4", null, Lab.t("about.checked")),
      h("p", null, Lab.t("about.agreement", { sets: String(m.agreement.sets), worst: Number(m.agreement.worst).toExponential(1), bound: Number(m.agreement.bound).toExponential(0) })),
      h("div.row", null, Lab.button("about.check", () => check(result), { id: "check" })), result,
      h("dl", null,
        ...fact("about.model", m.name), ...fact("about.digest", m.digest),
        ...fact("about.versions", Object.entries(m.versions || {}).map(([n, v]) => `${n} ${v}`).join(", ") || `sdmodel ${m.sdmodel}, PySD ${m.pysd}`),
        ...fact("about.built", m.built),
        ...(m.base_year ? fact("about.prices", String(m.base_year)) : [])),
      h("details", null, h("summary", null, Lab.t("about.licences")),
        h("pre", { lang: "en" }, data.licence || ""), h("pre", { lang: "en" }, document.getElementById("lab-licence").textContent)));
  }
  Lab.tabs.set("about", { draw });
})();
