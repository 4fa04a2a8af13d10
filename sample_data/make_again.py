"""Make the sample galaxies again: ``python sample_data/make_again.py OUT``."""

from __future__ import annotations

import sys
from pathlib import Path

from clump_detector.labels.label_set import LabelSet, write_label_set
from clump_detector.simulate.dataset import SimulationPlan, write_one

#: Chosen by looking: twelve varied galaxies in a row, four of which show no clump.
SEED = 1988
PICTURES = range(12)

#: Galaxies of the same seed whose cubes are small and whose clumps are plain to see.
CUBES = (111, 1260, 1685)


def main(out: Path) -> None:
    """Write pictures, cubes and their label set to a new folder."""
    images = out / "images"
    images.mkdir(parents=True)
    pictures, cubes = SimulationPlan(SEED), SimulationPlan(SEED, "fits")
    cutouts = [c for k in PICTURES for c in write_one((images, pictures, k))]
    cutouts += [c for k in CUBES for c in write_one((images, cubes, k))]
    info = {"simulation": {"seed": SEED, "made by": "sample_data/make_again.py"}}
    write_label_set(LabelSet(tuple(cutouts), info=info), out / "labels.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
