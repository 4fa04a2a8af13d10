"""``simulate``, and ``compare``, the experiment on encoders."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from clump_detector.simulate.options import SimulateOptions

from .options import app, described
from .progress import ProgressLine


class SimulatedFiles(StrEnum):
    """What simulated galaxies are written as."""

    png = "png"
    fits = "fits"
    both = "both"


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    n: Annotated[int, described(SimulateOptions, "n", "-n")] = 100,
    seed: Annotated[int, described(SimulateOptions, "seed")] = 0,
    kind: Annotated[
        SimulatedFiles, described(SimulateOptions, "kind")
    ] = SimulatedFiles.png,
    size: Annotated[int, described(SimulateOptions, "size")] = 400,
    into: Annotated[
        Path | None, typer.Option(help="Inject clumps into these real cutouts.")
    ] = None,
    share: Annotated[float, described(SimulateOptions, "share")] = 1.0,
    clumpy: Annotated[float | None, described(SimulateOptions, "clumpy")] = None,
    bands: Annotated[str, described(SimulateOptions, "bands")] = "",
    workers: Annotated[int, described(SimulateOptions, "workers")] = 2,
) -> None:
    """Simulate clumpy galaxies, or clumps in real ones, with their true boxes."""
    from clump_detector.simulate import simulate as run

    bar = ProgressLine("Simulating", n)
    run(
        out, n, seed, kind=kind.value, size=size, into=into, share=share,
        clumpy=clumpy, bands=bands, workers=workers, progress=bar.show,
    )  # fmt: skip
    bar.end()
    print(f"{out}: {n} galaxies with their boxes in labels.json.")


@app.command()
def compare(
    recipe: Annotated[Path, typer.Argument(help="An experiment (TOML).")],
    out: Annotated[
        Path | None, typer.Option(help="Its folder; what is there is not done again.")
    ] = None,
) -> None:
    """Run the encoder comparison experiment, as in Popp et al. (2023)."""
    from clump_detector.config.recipe import find_recipe
    from clump_detector.experiments.encoders import run_experiment
    from clump_detector.experiments.plan import read_experiment

    path = find_recipe(recipe, experiment=True)
    folder = out or Path("build") / path.stem

    def progress(done: int, total: int, text: str) -> None:
        print(text, flush=True)

    run_experiment(read_experiment(path), folder, progress)
    print(f"{folder}: table.csv and picture.png.")
