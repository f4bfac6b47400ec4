/* Numbers as a reader expects them: scale, unit, digits; years as years. */
(function () {
  "use strict";
  const Lab = globalThis.Lab;
  const MINUS = "−";

  // Making a format takes a hundred times as long as using it, and every move uses many.
  const formats = new Map();
  function formatOf(digits) {
    const key = `${Lab.lang} ${digits}`;
    if (!formats.has(key)) {
      formats.set(key, new Intl.NumberFormat(Lab.lang === "zh" ? "zh-CN" : "en-GB", {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      }));
    }
    return formats.get(key);
  }

  /** Return a number with so many decimals, grouped, with a true minus sign. */
  function plain(value, digits) {
    const text = formatOf(digits).format(Math.abs(value));
    const zero = !/[1-9]/.test(text);
    return (value < 0 && !zero ? MINUS : "") + text;
  }

  /** Return the decimals with which a size shows three figures, at most four decimals. */
  function digits(size) {
    const a = Math.abs(size);
    if (!(a > 0)) return 0;
    return Math.max(0, Math.min(4, 2 - Math.floor(Math.log10(a))));
  }

  // Words that any model may use, however it writes them.
  const COMMON = { year: "year", years: "year", yr: "year", yrs: "year", month: "month", months: "month", week: "week", weeks: "week", day: "day", days: "day", hour: "hour", hours: "hour", person: "person", persons: "person", people: "person" };
  // Words that mean this only where people are cared for.
  const CARE = new Set(["case", "point", "points", "visit", "consult"]);

  /** Return a word of a unit in the page's language; an unknown one stays as it is. */
  const UNIT = (w) => `unit.${w}`;
  const EACH = (w) => `each.${w}`;
  function word(named, w) {
    const common = Object.hasOwn(COMMON, w.toLowerCase()) ? COMMON[w.toLowerCase()] : null;
    const key = named(common || w);
    return Lab.has(key) && (Lab.data.face.place || !CARE.has(w)) ? Lab.t(key) : w;
  }

  /** Say a unit of the model in words. */
  function unitWords(unit) {
    if (!unit || unit === "1" || unit === "Dmnl" || unit === "dmnl") return "";
    const [above, below] = unit.split("/");
    const top = above === "1" ? "" : above.replace(/[A-Za-z]+/g, (w) => word(UNIT, w));
    if (Lab.lang === "zh") {
      const many = top.replace(/[()]/g, "").replace(/\*/g, "·");
      if (!below) return many;
      const each = below.replace(/[A-Za-z]+/g, (w) => word(EACH, w)).replace(/\*/g, "·").replace("(", "（").replace(")", "）");
      return many ? `${many}/${each}` : `每${each.replace(/[（）]/g, "")}`;
    }
    const many = top.replace(/\*/g, " · ");
    if (!below) return many;
    return `${many} per ${below.replace(/[A-Za-z]+/g, (w) => word(EACH, w)).replace(/[()]/g, "").replace(/\*/g, " and ")}`.trim();
  }

  // The largest size an outcome has in the baseline decides between thousands and millions.
  const sizes = new Map();
  Lab.learnSizes = function (result) {
    for (const [id, series] of Object.entries(result.series)) {
      let most = 0;
      for (const v of series) if (Number.isFinite(v)) most = Math.max(most, Math.abs(v));
      sizes.set(id, most);
    }
    for (const [id, series] of Object.entries(result.flows || {})) sizes.set(id, Math.max(...series));
  };

  const STEPS = {
    en: [[1e9, "billion"], [1e6, "million"], [1e5, "thousand", 1e3]],
    zh: [[1e8, "yi"], [1e4, "wan"]],
  };

  /** Return the factor and the unit's words for sizes of a countable unit. */
  function counted(size, unit) {
    for (const [from, name, by] of STEPS[Lab.lang]) {
      if (size >= from) {
        const words = Lab.t(`scale.${name}`, { unit: unitWords(unit) });
        return { k: 1 / (by || from), unit: words };
      }
    }
    return { k: 1, unit: unitWords(unit) };
  }

  const thousands = new Set(Lab.data.face.per_thousand || []);

  /** Return how an outcome is shown: factor, unit, unit of differences. */
  Lab.scale = function (outcome, ofSeries) {
    const unit = (ofSeries && outcome.series_unit) || outcome.unit;
    if (outcome.percent) return { k: 100, unit: "%", difference: Lab.t("unit.points") };
    if (outcome.days) return same({ k: 365, unit: Lab.t("unit.day") });
    if (outcome.calendar && !ofSeries) return same({ k: 1, unit: "", year: true });
    if (thousands.has(outcome.id)) return same({ k: 1000, unit: Lab.t("scale.per_thousand") });
    if (/^(CNY|[Pp]ersons?|visit|case|admission|[Pp]eople)\b/.test(unit) && !/\//.test(unit)) {
      return same(counted(sizes.get(outcome.id) || 0, unit));
    }
    if (/^(CNY\/\(physician\*year\)|visit\/year|case\/year|person\/year)$/.test(unit)) {
      return same(counted(sizes.get(outcome.id) || 0, unit));
    }
    return same({ k: 1, unit: unitWords(unit) });
  };
  const same = (scale) => ({ difference: scale.unit, ...scale });

  /** Return the language of a unit that the page has no word for, null if it has. */
  const unitLang = (unit) => (Lab.lang === "zh" && /[A-Za-z]/.test(unit) ? "en" : null);
  Lab.unitLang = (outcome) => unitLang(Lab.scale(outcome).unit);
  Lab.leverLang = (lever) => unitLang(Lab.leverUnit(lever));

  /** Join a number and its unit. */
  const joined = (number, unit) =>
    !unit ? number : unit === "%" && Lab.lang === "zh" ? `${number}%` : `${number} ${unit}`;

  /** Return an outcome's value as text, without unit if `bare`. */
  Lab.value = function (outcome, value, bare) {
    const s = Lab.scale(outcome);
    if (value === null || value === undefined || !Number.isFinite(value)) {
      return outcome.calendar ? Lab.t("number.never") : Lab.t("number.none");
    }
    if (s.year) return String(Math.floor(value)); // 2026.77 is "in 2026": cut, not rounded, as in reports
    const text = plain(value * s.k, Math.min(digits(value * s.k), s.k === 100 ? 1 : 4));
    return bare ? text : joined(text, s.unit);
  };

  /** Return the decimals of a difference that stands beside numbers of a size. */
  function places(outcome, value, size) {
    const s = Lab.scale(outcome);
    return s.year || s.k === 100 ? 1 : Math.min(digits(value * s.k), digits((size || value) * s.k) + 1);
  }

  /** Return a difference with its sign. */
  Lab.difference = function (outcome, value, size, bare, decimals = places(outcome, value, size)) {
    if (value === null || value === undefined || !Number.isFinite(value)) return Lab.t("number.none");
    const s = Lab.scale(outcome);
    const shown = value * s.k;
    const text = plain(shown, decimals);
    const unit = bare && s.k !== 100 ? "" : s.year ? Lab.t("unit.years") : s.difference;
    return joined((shown > 0 && /[1-9]/.test(text) ? "+" : "") + text, unit);
  };

  /** Return "low to high" of differences, both with the decimals of the larger; neither reads zero that is not. */
  Lab.interval = function (outcome, low, high, size) {
    const s = Lab.scale(outcome);
    const [less, most] = [low, high].map(Math.abs).sort((a, b) => a - b);
    let d = places(outcome, most, size);
    while (s.k !== 100 && d < 4 && less > 0 && less * s.k < 0.5 / 10 ** d) d++;
    const bare = [low, high].map((v) => {
      const text = Lab.difference(outcome, v, size, false, d);
      const unit = s.year ? Lab.t("unit.years") : s.difference;
      return unit && text.endsWith(unit) ? text.slice(0, -unit.length).trim() : text;
    });
    return Lab.t("number.interval", { low: bare[0], high: bare[1] });
  };

  /** Return an axis label: as short as the step between ticks allows. */
  Lab.tick = (value, step) => plain(value, Math.max(0, Math.min(4, -Math.floor(Math.log10(step) + 1e-9))));

  /** Return a lever's number: shares as percentages, years as years. */
  Lab.leverNumber = function (lever, value) {
    if (lever.unit === "year" && lever.min > 1000) return String(Number(value.toFixed(2)));
    if (Lab.asPercent(lever)) return joined(plain(value * 100, Math.abs(value * 100 - Math.round(value * 100)) < 0.05 ? 0 : 1), "%");
    const step = lever.step || (lever.max - lever.min) / 100;
    const d = Math.max(digits(value), Math.ceil(-Math.log10(Math.abs(step) || 1)));
    return plain(value, Math.max(0, Math.min(4, d)));
  };
  Lab.asPercent = (lever) =>
    lever.role === "lever" && /^(Dmnl|dmnl|1|1\/year)$/.test(lever.unit) && Math.abs(lever.max) <= 2;
  Lab.leverUnit = (lever) =>
    Lab.asPercent(lever) && lever.unit !== "1/year"
      ? ""
      : lever.unit === "year" && lever.min > 1000
        ? ""
        : Lab.asPercent(lever)
          ? Lab.t("unit.a_year")
          : unitWords(lever.unit);

  /** Return a lever's value with unit; a schedule as its points. */
  Lab.leverText = function (lever, value) {
    const unit = Lab.leverUnit(lever);
    if (Array.isArray(value)) {
      return value
        .map(([t, v]) => Lab.t("lever.at", { value: Lab.leverNumber(lever, v), year: String(t) }))
        .join(Lab.t("number.arrow"));
    }
    return joined(Lab.leverNumber(lever, value), unit);
  };
  Lab.plain = plain;
  Lab.digits = digits;
})();
