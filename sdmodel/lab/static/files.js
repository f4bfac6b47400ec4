/* What can be taken away: a scenario for sdmodel, the numbers, a sheet of paper. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const { data } = Lab;
  const quoted = (text) => JSON.stringify(text).replace(/\u007f/g, "\\u007f");
  const written = (value) =>
    Array.isArray(value) ? quoted(value.map(([t, v]) => `${v}@${t}`).join("..")) : Number.isInteger(value) ? `${value}.0` : String(value);

  /** Return a scenario file that `sdmodel run` takes. */
  Lab.toml = function (values, title) {
    const all = { ...values };
    for (const name of Object.keys(Lab.baseline)) if (!(name in all)) all[name] = Lab.lever.get(name).default;
    const lines = [
      "# Made in the policy lab. Run it with: sdmodel run FILE",
      `# Model ${data.model.name}, digest ${data.model.digest}`,
      `title = { en = ${quoted(title.en)}, zh = ${quoted(title.zh)} }`,
      'from = "baseline"', "", "[values]",
    ];
    for (const [name, value] of Object.entries(all)) lines.push(`${quoted(name)} = ${written(value)}`);
    lines.push("", "[evidence]");
    const preset = Lab.preset.get(Lab.state.preset);
    for (const name of Object.keys(all)) {
      const source = preset && preset.evidence && preset.evidence[name];
      lines.push(`${quoted(name)} = ${quoted(source || "set by hand in the policy lab")}`);
    }
    return lines.join("\n") + "\n";
  };

  /** Return every series and its band as rows. */
  Lab.seriesRows = function (now) {
    const head = ["outcome", "unit", "year", "baseline", "design"];
    if (now.assumed) head.push("baseline, my assumptions", "design, my assumptions");
    head.push("design p05", "design p50", "design p95");
    const rows = [head];
    for (const outcome of data.outcomes) {
      const of = (result) => result.series[outcome.id];
      const band = now.bands && !now.bands.old ? now.bands.series[outcome.id] : null;
      data.times.forEach((t, i) => {
        const row = [outcome.id, outcome.series_unit || outcome.unit, t, of(now.base)[i], of(now.policy)[i]];
        if (now.assumed) row.push(of(now.baseMine)[i], of(now.policyMine)[i]);
        row.push(...(band ? [band.p05[i], band.p50 ? band.p50[i] : null, band.p95[i]] : [null, null, null]));
        rows.push(row);
      });
    }
    return rows;
  };

  /** Return the headline numbers as rows. */
  Lab.headlineRows = function (now) {
    const rows = [["outcome", "summary", "unit", "baseline", "design", "change", "change p05", "change p95"]];
    for (const o of data.outcomes) {
      const [a, b] = [now.base.headline[o.id], now.policyMine.headline[o.id]];
      const spread = now.bands && !now.bands.old ? now.bands.difference[o.id] : {};
      rows.push([o.id, o.summary, o.unit, a, b, a === null || b === null ? null : b - a, spread.p05, spread.p95]);
    }
    return rows;
  };
})();
