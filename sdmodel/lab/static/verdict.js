/* What a change is, by the rules of reports (experiments/notice.py), with the thresholds that stand there. */
(function () {
  "use strict";
  const Lab = (globalThis.Lab = globalThis.Lab || {});

  /** Return the rule of an outcome that has none of its own. */
  function usual({ share, calendar }, baseline) {
    const rules = Lab.data.notice;
    if (calendar) return { kind: "absolute", size: rules.years };
    if (share && baseline > 0 && baseline < rules.small_share) return { kind: "relative", size: rules.small_share_relative };
    return share ? { kind: "absolute", size: rules.points } : { kind: "relative", size: rules.relative };
  }

  /** Say whether a change is large enough for a rule. */
  function counts({ kind, size }, change, baseline) {
    if (kind === "relative" && baseline) return Math.abs(change) >= size * Math.abs(baseline);
    return kind === "absolute" ? Math.abs(change) >= size : change !== 0;
  }

  /** Say whether a change is worth a word; where both ways are possible, whether either is of a size. */
  function notices(outcome, change, baseline, spread, oneSided) {
    const rule = outcome.notice || usual(outcome, baseline);
    if (rule.kind !== "any" || oneSided) return counts(rule, change, baseline);
    const largest = Math.max(...[change, spread.p05, spread.p95].map(Math.abs));
    return change !== 0 && counts(usual({}, baseline), largest, baseline);
  }

  /**
   * Return "better", "worse", "changed", "same", "unclear", or "edge": another sample of
   * draws might have put the range across zero. "unknown" where there is no number.
   *
   * @param change The change at the central values, from `baseline`.
   * @param spread Its bounds over the draws, `p05` and `p95`, and how far their own
   *   sampling error reaches: `lowest`, `highest`.
   */
  Lab.verdict = function (outcome, change, baseline, spread) {
    if (![change, baseline, spread.p05, spread.p95].every(Number.isFinite)) return "unknown";
    const up = change > 0;
    const oneSided = up ? spread.p05 > 0 : change < 0 && spread.p95 < 0;
    if (!notices(outcome, change, baseline, spread, oneSided)) return "same";
    if (!oneSided) return "unclear";
    if (up ? spread.lowest <= 0 : spread.highest >= 0) return "edge";
    if (outcome.good === "neutral") return "changed";
    return up === (outcome.good === "up") ? "better" : "worse";
  };
  // No arrows: what is better often falls, and an arrow up beside a minus contradicts it.
  Lab.SIGN = { better: "✓", worse: "✗", unclear: "?", edge: "?", same: "=", changed: "≠", unknown: "…" };

  /**
   * Return how far the 5 and 95 % quantiles of ascending numbers may lie out: 95 %
   * intervals from order statistics, as `sure` of experiments/bands.py has them.
   */
  Lab.sure = function (sorted, reach) {
    const n = sorted.length;
    const first = Math.floor(n * 0.05 - reach * Math.sqrt(n * 0.05 * 0.95)) - 1;
    const last = Math.ceil(n * 0.95 + reach * Math.sqrt(n * 0.95 * (1 - 0.95)));
    return { lowest: sorted[Math.max(first, 0)] ?? NaN, highest: sorted[Math.min(last, n - 1)] ?? NaN };
  };
})();
