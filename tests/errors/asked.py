"""Bad input in what is asked for: names, values, shares, schedules."""

from __future__ import annotations

from tests.errors.case import (
    STUDY,
    Case,
    file_case,
    run_case,
    set_case,
    study_case,
    value_case,
)

ASKED = [
    # -- unknown verbs, options and models
    Case("unknown verb", ("rnu",), ("no verb 'rnu'", "nearest: 'run'")),
    Case("unknown verb", ("outcome",), ("nearest: 'outcomes'",)),
    Case("unknown verb", ("sensitivty", "x"), ("nearest: 'sensitivity'",)),
    run_case("unknown option", "--jsn", "--json", args="run drg --jsn"),
    run_case("unknown option", "--engine", "compiled", args="run --engine compild"),
    run_case("unknown option", "--save", "'outcomes'", args="run --save outcoms"),
    run_case("unknown option", "--role", "'lever'", args="levers --role levr"),
    run_case("unknown option", "--jobs", args="run --jobs 0"),
    Case("unknown option", ("run", "--model", "tiny", "--set"), ("--set",)),
    Case("unknown model", ("levers", "--model", "consorcium"), ("no such model",)),
    Case("unknown model", ("run", "--model", "no/where.mdl"), ("no/where.mdl",)),
    Case("unknown model", ("outcomes", "--model", ""), ("--model",)),
    Case("unknown model", ("check", "x" * 5000), ("x" * 80,)),
    run_case(
        "unknown option",
        "--jobs",
        "'abc'",
        "whole number from 1 to 1024",
        args="run --jobs abc",
    ),
    run_case(
        "unknown option",
        "--jobs",
        "0; allowed: a whole number from 1 to 1024",
        args="compare baseline drg --jobs 0",
    ),
    run_case(
        "unknown option",
        "--draws",
        "'1e9'; allowed: a whole number from 0 to",
        args="systems --draws 1e9",
    ),
    run_case(
        "unknown option",
        "--n",
        "'1e3'; allowed: a whole number",
        args="sweep x --n 1e3",
    ),
    run_case(
        "unknown option",
        "--seed",
        "'x'; allowed: a whole number, 0 or more",
        args="sweep x --seed x",
    ),
    # -- unknown scenario
    run_case("unknown scenario", "'dgr'", "nearest: 'drg'", args="run dgr"),
    run_case("unknown scenario", "'capitaton'", "'capitation'", args="run capitaton"),
    run_case("unknown scenario", "none.toml", args="run none.toml"),
    run_case("unknown scenario", "'drgg'", "'drg'", args="compare baseline drgg"),
    run_case("unknown scenario", "'basline'", args="new mine --from basline"),
    run_case("unknown scenario", "neither an id", args=("run", "x" * 5000)),
    run_case("unknown scenario", "neither an id", args=("run", "x" * 299 + ".toml")),
    run_case("unknown scenario", "neither an id", args=("run", "a\0b")),
    run_case("unknown scenario", "''", args=("run", "")),
    run_case("unknown scenario", "'zzz'", "known: baseline", args="run zzz"),
    run_case("unknown scenario", "two scenarios", args="compare drg"),
    run_case("unknown scenario", "'drgg'", "'drg'", args="explain drgg fund_balance"),
    run_case(
        "unknown outcome", "nearest: 'fund_balance'", args="explain drg fund_balnce"
    ),
    run_case("unknown outcome", "2090", args="explain drg fund_balance@2090"),
    run_case("no checks", "no checks.toml beside the model", args="validate"),
    Case(
        "no checks",
        ("validate", "--model", "tiny"),
        ("checks.toml", "unknown key 'chek'", "nearest: 'check'"),
        {"tiny/checks.toml": "[[chek]]\nid = 'a'\n"},
    ),
    Case(
        "bad loops",
        ("explain", "drg", "fund_balance", "--model", "tiny"),
        ("loops.csv, row 2", "no variable 'Trst'"),
        {
            "tiny/loops.csv": "id,name_en,name_zh,polarity,waypoints,source\n"
            "R1,a,b,R,Trst > spending,s\n"
        },
    ),
    run_case(
        "unknown scenario",
        "two scenarios",
        "'drg' was given twice",
        args="compare drg drg",
    ),
    run_case(
        "unknown scenario",
        "two scenarios",
        "'drg' and 'DRG' are one",
        args="compare drg DRG",
    ),
    file_case("unknown scenario", 'from = "drgg"', "'from'", "nearest: 'drg'"),
    file_case("unknown scenario", 'from = "mine.toml"', "loop: mine -> mine"),
    study_case("unknown scenario", '"drg"', '"dgr"', "'scenarios'", "nearest: 'drg'"),
    Case(
        "unknown scenario",
        ("run", "dir.toml", "--model", "tiny"),
        ("dir.toml: this is a folder; a scenario is a file",),
        {"dir.toml/x": "x"},
    ),
    # -- unknown lever
    set_case("unknown lever", "DRG shre=0.1", "'DRG shre=0.1'", "nearest: 'DRG share'"),
    set_case("unknown lever", "trust dely=2", "nearest: 'trust delay'"),
    set_case("unknown lever", "price[secondary]=2", "price[primary]"),
    set_case("unknown lever", "=2", "NAME=VALUE"),
    set_case("unknown lever", "premium 2", "NAME=VALUE"),
    set_case("unknown lever", "Fund Balance=2", "stock", "'initial fund balance'"),
    set_case("unknown lever", "spending=2", "computed by the model", "SUM(visits"),
    set_case("unknown lever", "TIME STEP=1", "run settings", "tiny.mdl"),
    set_case("unknown lever", "final_time=2050", "run settings"),
    set_case("unknown lever", "trust effect lookup=1", "lookup table"),
    value_case(
        "unknown lever", '"training efort" = 1', "'training efort'", "'training"
    ),
    value_case("unknown lever", '"Trust in Primary" = 1', "stock", "'initial trust'"),
    value_case("unknown lever", '"Time" = 2030', "run settings"),
    file_case("unknown lever", '[evidence]\n"premum" = "x"', "[evidence]", "'premium'"),
    # -- unknown outcome
    study_case("unknown outcome", '"fund_balance"', '"fund_balanc"', "'fund_balance'"),
    study_case("unknown outcome", "@2035", "@2350", "2350", "2020 to 2040"),
    study_case("unknown outcome", "@2035", "@peek", "nearest: 'peak'"),
    study_case("unknown outcome", '"fund_balance", ', '"spending", ', "'spending'"),
    # -- unknown method, sample size, seed
    study_case("unknown method", '"morris"', '"moris"', "nearest: 'morris'"),
    study_case("unknown method", '"morris"', '"Latin"', "allowed", "sobol"),
    study_case("unknown method", '"morris"', "7", "'method'"),
    Case(
        "unknown method",
        ("sensitivity", "mine.toml", "--model", "tiny", "--method", "sobl"),
        ("sobl", "nearest: 'sobol'"),
        {"mine.toml": STUDY},
    ),
    study_case("unknown method", "n = 8", "n = 0", "'n'", "0"),
    study_case("unknown method", "n = 8", "n = -1", "'n'", "-1"),
    study_case("unknown method", "n = 8", "n = 10.5", "'n'", "whole number"),
    study_case("unknown method", "n = 8", 'n = "abc"', "'n'", "'abc'"),
    study_case("unknown method", "n = 8", "n = 1000000000", "runs", "hours", "GB"),
    study_case("unknown method", "seed = 1", "seed = -1", "'seed'"),
    # -- wrong kind
    value_case(
        "wrong kind", 'premium = "450"', "'premium'", "is text", "without quotes"
    ),
    value_case("wrong kind", "premium = true", "true or false"),
    value_case("wrong kind", "premium = [450, 460]", "an array"),
    value_case("wrong kind", "premium = 2026-01-01", "a date"),
    value_case("wrong kind", 'premium = "450 CNY"', "carries a unit"),
    value_case("wrong kind", 'premium = "450,5"', "decimal comma", "450.5"),
    value_case("wrong kind", 'premium = ""', "no value"),
    value_case("wrong kind", "premium.x = 1", "a table"),
    set_case("wrong kind", "premium=much", "'much' is not a number"),
    set_case("wrong kind", "premium=", "no value"),
    set_case("wrong kind", "DRG share=40%", "percentage", "0.4"),
    set_case("wrong kind", "trust delay=5 years", "carries a unit"),
    set_case("wrong kind", "premium=1_000", "not a number"),
    file_case("wrong kind", "title = 7", "'title'", "7"),
    file_case("wrong kind", "from = 7", "'from'", "7"),
    file_case("wrong kind", "values = 7", "'values'", "[values]"),
    file_case("wrong kind", '[evidence]\n"premium" = 3', "[evidence]", "source"),
    set_case("wrong kind", "premium=0x1", "'0x1' is not a number"),
    set_case("wrong kind", "premium=12abc3", "'12abc3' is not a number"),
    # -- not finite
    value_case("not finite", "premium = nan", "'premium'", "not a finite number"),
    value_case("not finite", "premium = -inf", "not a finite number"),
    value_case("not finite", "premium = 1e999", "not a finite number"),
    value_case("not finite", "premium = 1" + "0" * 400, "not a finite number"),
    set_case("not finite", "premium=nan", "not a finite number"),
    set_case("not finite", "premium=1e999", "too large"),
    set_case("not finite", "premium=1@2026..inf@2028", "not a finite number"),
    # -- outside range
    set_case(
        "outside range", "trust delay=99", "1 … 10 Year", "--allow-outside-limits"
    ),
    set_case("outside range", "DRG share=30", "0 … 1", "0.30"),
    set_case("outside range", "DRG share=-0.1", "0 … 1"),
    set_case("outside range", "base trust=2", "0 … 1"),
    value_case("outside range", '"premium" = 9999', "'premium'", "300 … 600 CNY"),
    value_case("outside range", '"premium" = "400@2026..900@2030"', "900 is outside"),
    value_case("outside range", '"price" = 5000', "'price[tertiary]'", "200 … 800"),
    # -- shares
    Case(
        "shares",
        ("run", "drg", "--set", "DIP share=0.3", "--model", "tiny"),
        (
            "add to 1.1 in 2029",
            "'DRG share' 0.8",
            "'DIP share' 0.3",
            "drg.toml with --set: ",
        ),
    ),
    value_case(
        "shares",
        '"DRG share" = 0.6\n"capitation share" = 0.6',
        "add to 1.2",
        "'capitation share' 0.6",
    ),
    value_case(
        "shares",
        '"DRG share" = "1@2026..0@2030"\n"DIP share" = "0.2@2026..1@2030"',
        "add to 1.2 in 2026",
    ),
    Case(
        "shares",
        ("run", "--set", "DRG share=1.5", "--allow-outside-limits", "--model", "tiny"),
        ("add to 1.5", "at most 1"),
    ),
    # -- schedules
    set_case("schedule", "DRG share=0.8@2029..0.4@2026", "runs backwards", "2029"),
    set_case("schedule", "DRG share=0.8@2026..0.4@2026", "repeats the year 2026"),
    set_case("schedule", "DRG share=0.8@2026", "one point"),
    set_case("schedule", "DRG share=0.8@..0.4@2026", "no value"),
    set_case("schedule", "DRG share=0.8@2090..0.4@2095", "outside the model's time"),
    set_case(
        "schedule",
        "initial trust=0.3@2026..0.4@2030",
        "'initial trust'",
        "only initial values read this constant, once, in 2020; give a number",
    ),
    value_case(
        "schedule",
        '"initial fund balance" = "1@2026..2@2030"',
        "'initial fund balance'",
        "only initial values",
    ),
    value_case("schedule", '"DRG share" = "0.2..0.4"', "'DRG share'", "value@year"),
    value_case(
        "schedule", '"DRG share" = "1@2030..0@2029"', "'DRG share'", "backwards"
    ),
]
