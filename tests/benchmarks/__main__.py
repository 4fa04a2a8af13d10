"""Figures of speed and memory, each beside its goal: ``make bench``.

Every figure is measured here and now; medians and 95th percentiles are printed, and
all of them go to ``build/benchmarks.json``. ``make bench ONLY=window`` takes one group.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.benchmarks import (
    active,
    catalogue,
    engine,
    fields,
    fuzz,
    gallery,
    import_cost,
    large,
    loop,
    opening,
    paper,
    photometry,
    random_actions,
    real_surveys,
    sky,
    survey,
    survey_kills,
    survey_review,
    window,
)

GROUPS = {
    "active": active.figures,
    "import": import_cost.figures,
    "window": window.figures,
    "gallery": gallery.figures,
    "large": large.figures,
    "random": random_actions.figures,
    "opening": opening.figures,
    "fuzz": fuzz.figures,
    "fields": fields.figures,
    "engine": engine.figures,
    "measure": photometry.figures,
    "catalogue": catalogue.figures,
    "paper": paper.figures,
    "real": real_surveys.figures,
    "loop": loop.figures,
    "sky": sky.figures,
    "survey": survey.figures,
    "kills": survey_kills.figures,
    "survey_review": survey_review.figures,
}


def main() -> None:
    """Measure the groups named on the command line, or all."""
    wanted = sys.argv[1:] or list(GROUPS)
    found = {}
    for name in wanted:
        for figure in GROUPS[name]():
            found[figure.name] = figure.value
            print(figure, flush=True)
    out = Path("build/benchmarks.json")
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(found, indent=1))
    print(f"{out} written; {os.cpu_count()} processors.")


if __name__ == "__main__":
    main()
