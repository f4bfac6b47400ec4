"""Bad input in what is read and written: scenarios, studies, models, tables, places."""

from __future__ import annotations

from tests.errors.case import (
    MODEL,
    STUDY,
    SYSTEMS,
    Case,
    changed,
    file_case,
    model_case,
    run_case,
    set_case,
    study_case,
    study_file,
    value_case,
)

READ = [
    # -- scenario files that cannot be read
    file_case("scenario file", b"", "empty"),
    file_case("scenario file", "# nothing but a comment\n", "no scenario"),
    file_case("scenario file", b"\x89PNG\r\n\x1a\n\0\0\0", "binary"),
    file_case("scenario file", 'title = "é"'.encode("latin-1"), "line 1", "UTF-8"),
    file_case("scenario file", 'title = "x"'.encode("utf-16"), "UTF-16"),
    file_case("scenario file", '[values\n"premium" = 1', "line 1", "not valid TOML"),
    file_case("scenario file", "[values]\nDRG share = 0.1", "line 2", "in quotes"),
    file_case("scenario file", "[values]\nprice[primary] = 5", "line 2", "in quotes"),
    file_case("scenario file", "[values]\n价格 = 5", "line 2", "in quotes"),
    file_case("scenario file", "[values]\npremium =\n", "line 2", "no value"),
    file_case("scenario file", "[values]\npremium = 1\npremium = 2", "stands twice"),
    file_case(
        "scenario file",
        '[values]\n"DRG share" = 0.1\n"drg_share" = 0.2',
        "'DRG share' is set twice",
    ),
    file_case("scenario file", "[levrs]\npremium = 1", "'levrs'", "allowed"),
    file_case("scenario file", "[value]\npremium = 1", "'value'", "nearest: 'values'"),
    file_case("scenario file", 'title = {fr = "x"}', "'fr'", "en, zh"),
    file_case("scenario file", "x = " + "[" * 5000, "mine.toml"),
    Case("scenario file", ("run", "tiny.toml", "--model", "tiny"), ("no such",)),
    # -- study files that cannot be read
    Case("study file", ("sensitivity", "no-such-study"), ("no-such-study",)),
    Case("study file", ("sensitivity", "no/study.toml"), ("no/study.toml",)),
    study_file("study file", b"", "empty"),
    study_file("study file", b"\0\1\2", "binary"),
    study_file("study file", STUDY.encode("utf-16"), "UTF-16"),
    study_file("study file", "[design", "line 1", "not valid TOML"),
    study_file("study file", b'title = "\xe9"', "line 1", "UTF-8"),
    study_case("study file", "[design]", "[desing]", "'desing'", "nearest: 'design'"),
    study_case("study file", "seed = 1", "sead = 1", "'sead'", "nearest: 'seed'"),
    study_case("study file", "seed = 1", 'factors = ["lever"]', "nearest: 'levers'"),
    study_case("study file", "seed = 1", 'mix = ["a"]', "[[design.mix]]"),
    study_case("study file", "seed = 1", "seed = " + "9" * 5000, "line 7", "digits"),
    study_case("study file", "seed = 1", "seed = 0x" + "f" * 9000, "line 7", "digits"),
    study_case("study file", "@2035", "@2099", "mine.toml, 'outcomes'", "2099"),
    Case(
        "study file",
        ("sensitivity", "mine.toml"),
        ("mine.toml, 'model'", "no such model"),
        {"mine.toml": STUDY.replace("tiny/tiny.mdl", "tiny/none.mdl")},
    ),
    study_case(
        "study file",
        "seed = 1",
        'seed = 1\n[[design.mix]]\nnames = ["premium", "DRG share"]',
        "'premium' is no share",
        "from 0 to 1",
    ),
    value_case("scenario file", "premium = " + "9" * 5000, "line 3", "digits"),
    set_case("not finite", "premium=" + "9" * 5000, "too large"),
    # -- model files that cannot be read
    model_case("model file", "m.mdl", b"", "empty"),
    model_case("model file", "m.mdl", b"\x89PNG\r\n\x1a\n\0\0\0\0"),
    model_case(
        "model file", "m.mdl", MODEL.replace("Primary", "Prim\xe4r").encode("cp1252")
    ),
    model_case("model file", "m.mdl", "this is no model at all"),
    model_case("model file", "m.mdl", changed("trust delay=", "trust dely=")),
    model_case("model file", "m.mdl", changed("premium=", "DRG share=")),
    model_case("model file", "m.mdl", changed("STEP  = 0.125", "STEP  = 0")),
    model_case("model file", "m.mdl", changed("IF THEN ELSE(", "FOOBAR(")),
    model_case("model file", "m.xmile", "<xmile><model></xmile>"),
    Case("model file", ("run", "--model", "empty"), ("empty",), {"empty/x.txt": "x"}),
    # -- tables beside the model
    Case(
        "table",
        ("run", "--model", "tiny"),
        ("controls.csv", "'naem'", "nearest: 'name'"),
        {"tiny/controls.csv": "naem,role\n"},
    ),
    Case(
        "table",
        ("levers", "--model", "tiny"),
        ("controls.csv", "';'"),
        {"tiny/controls.csv": "name;role;min;max\n"},
    ),
    Case(
        "table",
        ("outcomes", "--model", "tiny"),
        ("outcomes.csv", "empty"),
        {"tiny/outcomes.csv": ""},
    ),
    Case(
        "table",
        ("systems", "--model", "tiny"),
        ("systems.csv", "'carriedby'", "nearest: 'carried_by'", "'claims' is missing"),
        {"tiny/systems.csv": "id,kind,carriedby\n"},
    ),
    Case(
        "table",
        ("systems", "--test", "--model", "tiny"),
        ("systems.csv, row 2", "no lever 'premum'; nearest: 'premium'"),
        {"tiny/systems.csv": SYSTEMS.format(carrier="lever:premum", claim="")},
    ),
    Case(
        "table",
        ("systems", "--test", "--model", "tiny"),
        ("'A1', 'premium 9 to 9000'", "9 is outside", "9000 is outside 300 … 600"),
        {
            "tiny/systems.csv": SYSTEMS.format(
                carrier="variable:spending", claim="premium 9 to 9000: fund_balance +"
            )
        },
    ),
    Case(
        "table",
        ("scenarios", "--model", "tiny"),
        ("broken.toml", "line 1"),
        {"tiny/scenarios/broken.toml": "title = "},
    ),
    # -- places that cannot be written
    Case(
        "output",
        ("run", "--out", "file", "--model", "tiny"),
        ("file",),
        {"file": ""},
        3,
    ),
    Case(
        "output",
        ("run", "--out", "file/in", "--model", "tiny"),
        ("file",),
        {"file": ""},
        3,
    ),
    Case("output", ("run", "--csv", "tiny", "--model", "tiny"), ("folder",)),
    Case(
        "output",
        ("compare", "baseline", "drg", "--out", "/proc/nowhere", "--model", "tiny"),
        ("/proc",),
        {},
        3,
    ),
    Case(
        "output",
        ("run", "--out", "full", "--model", "tiny"),
        ("full", "holds other files", "'thesis.txt'"),
        {"full/thesis.txt": "years of work"},
    ),
    Case(
        "output",
        ("new", "mine", "--from", "drg", "--model", "tiny"),
        ("mine.toml", "not overwritten"),
        {"mine.toml": "title = 'precious'"},
    ),
    Case("output", ("run", "--out", ".", "--model", "tiny"), ("folder of their own",)),
    Case("output", ("run", "--out", "/", "--model", "tiny"), ("folder of their own",)),
    run_case("output", "--out", "no name is given", args=("run", "--out", "")),
    run_case("output", "--csv", "no name is given", args=("run", "--csv", "")),
    run_case(
        "output",
        "--out",
        "no name is given",
        args=("new", "x", "--from", "drg", "--out", ""),
    ),
    run_case(
        "output",
        "folder of their own",
        args=("compare", "baseline", "drg", "--out", "."),
    ),
    Case(
        "output",
        ("sensitivity", "mine.toml", "--model", "tiny", "--out", "."),
        ("folder of their own",),
        {"mine.toml": STUDY},
    ),
    run_case("output", "cannot be the name", args="new ../../x --from drg"),
    run_case("output", "cannot be the name", args="new con --from drg"),
    run_case("output", "cannot be the name", args=("new", "", "--from", "drg")),
    run_case("output", "cannot be the name", args=("new", "x" * 300, "--from", "drg")),
]
