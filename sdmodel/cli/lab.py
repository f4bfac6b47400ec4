"""The verb that builds the policy lab: one page with the model inside."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from sdmodel.cli.common import Place, emit_json, json_option, model_option, say


@click.command()
@click.option(
    "--out", type=Place(), default=Path("lab.html"), show_default=True, metavar="FILE",
    help="Page to write.",
)  # fmt: skip
@click.option(
    "--class-pack", type=Place(), metavar="DIR",
    help="Also write worksheets and keys in both languages there, beside the page.",
)  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Show the page in a browser.")
@model_option
@json_option
def lab(
    out: Path, class_pack: Path | None, show: bool, model: str, as_json: bool
) -> None:
    """Build the policy lab: one page with the model inside, for any browser.

    The page needs no server, no installation and no network. A model without
    controls.csv gets its constants as levers; one without outcomes.csv shows its
    stocks.

    Example: sdmodel lab --open
    """
    from sdmodel.cli.studying import open_page
    from sdmodel.lab.build import build
    from sdmodel.lab.record import BOUND

    source = click.get_current_context().get_parameter_source("out")
    chosen = source is not ParameterSource.DEFAULT

    if class_pack is not None and not chosen:
        out = class_pack / "lab.html"
    page = build(model, out, class_pack=class_pack)
    facts = page.data["model"]
    found = facts["agreement"]
    if found["worst"] is None or found["worst"] > BOUND:
        size = "without bound" if found["worst"] is None else f"by {found['worst']:.1e}"
        say(
            f"sdmodel: this model amplifies rounding: the page differs {size} of a "
            "series' maximum from the native engine, and says so"
        )
    if as_json:
        emit_json(
            {
                "page": str(page.path),
                "bytes": page.size,
                "seconds": round(page.seconds, 3),
                "model": {"name": facts["name"], "digest": facts["digest"]},
                "agreement": facts["agreement"],
                "levers": len(page.data["levers"]),
                "outcomes": len(page.data["outcomes"]),
                "presets": [preset["id"] for preset in page.data["presets"]],
                "draws": page.data["draws"]["n"],
            }
        )
    else:
        click.echo(str(page.path))
    if show:
        open_page(page.path)
    elif not as_json:
        say(
            f"sdmodel: {page.size / 1e6:.1f} MB in {page.seconds:.1f} s; open it in "
            "any browser, --open does so"
        )
