"""The README's picture: what each way of paying changes, from the demo's run folder.

    sdmodel demo
    python docs/picture.py                # runs/demo/out -> docs/img/regimes.png

It shows a result, not an illustration: the numbers and intervals are those of the
table "Side by side" in the demo's report.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from sdmodel.report.charts import difference_figure
from sdmodel.report.figures import style
from sdmodel.report.load import load

OUTCOMES = (
    "chronic_control_rate",
    "primary_visit_share",
    "primary_physician_income",
    "fund_reserve_months",
    "hospital_margin",
    "hospital_physician_income",
)
INCHES = (8.0, 2.35)
DOTS_PER_INCH = 150
PALETTE = 128


def draw(folder: Path, target: Path) -> None:
    """Draw the picture of a demo's run folder, 1200 px wide, in few colours."""
    from PIL import Image

    content = load(folder)
    with style():
        figure = difference_figure(
            content, OUTCOMES, columns=3, width=INCHES[0], height=INCHES[1]
        )
        stop = f"{content.model['stop']:g}"
        figure.suptitle(
            f"Change by {stop} from {content.title_of(content.baseline).lower()}: dots "
            "at central assumptions,\nbars 5 to 95 % of "
            f"{content.draws} draws of all uncertainties",
            x=0.01,
            ha="left",
            fontsize=9.5,
        )
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH)
    target.parent.mkdir(parents=True, exist_ok=True)
    image = Image.open(buffer)
    image.convert("RGB").quantize(PALETTE).save(target, optimize=True)


def main() -> None:
    """Draw the picture of the folder that the command line names."""
    parser = argparse.ArgumentParser(description="Draw the README's picture.")
    parser.add_argument("run", nargs="?", type=Path, default=Path("runs/demo/out"))
    here = Path(__file__).resolve().parent
    parser.add_argument("--out", type=Path, default=here / "img" / "regimes.png")
    asked = parser.parse_args()
    draw(asked.run, asked.out)


if __name__ == "__main__":
    main()
