"""What boxes on real galaxies hold, against what was seen by eye.

``python -m tests.benchmarks.objects FOLDER`` takes the clumps of the label sets in a
folder, and the boxes that were turned down there and that ``objects_by_eye.csv`` names
a star, light of a galaxy or an artefact. It prints how many of each are taken for what,
by regressions that have not learned from the box's galaxy (five folds), with intervals
of 95 % (Wilson). ``--fit`` fits the regression of the program to all of them; ``--score
MODEL`` prints the table also with a model's score as one more value, which is to have
learned from none of these galaxies.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from astropy.stats import binom_conf_interval

from clump_detector.core.boxes import as_boxes
from clump_detector.core.files import write_json
from clump_detector.images.cutout import Cutout, read_cutout
from clump_detector.labels.label_set import LabelledBox, LabelledCutout, read_label_set
from clump_detector.photometry.objects import chances as module
from clump_detector.photometry.objects.chances import (
    OBJECTS,
    fit_objects,
    likeliest,
    object_values,
)

LIST = Path(__file__).with_name("objects_by_eye.csv")
FOLDS = 5

#: The host's own light beside the nucleus counts as a galaxy's.
AS = {"host": "galaxy"}

Seen = dict[tuple[str, str], list[tuple[float, float, str]]]


def seen_by_eye(path: Path = LIST) -> Seen:
    """Return what was seen, by label set and name of the cutout."""
    seen: Seen = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            place = float(row["x"]), float(row["y"]), row["object"]
            seen.setdefault((row["set"], row["name"]), []).append(place)
    return seen


def boxes_of(
    cutout: LabelledCutout, seen: Sequence[tuple[float, float, str]]
) -> Iterator[tuple[LabelledBox, str]]:
    """Yield the clumps of a cutout, and the boxes that were named by eye."""
    yield from ((box, "clump") for box in cutout.boxes if not box.ignored)
    for box in cutout.rejected:
        x, y = (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2
        for at_x, at_y, what in seen:
            if abs(at_x - x) < 0.6 and abs(at_y - y) < 0.6:
                yield box, what
                break


def measured(
    folder: Path, model: str = ""
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return values (n, d), what was seen (n,), and the galaxy of each box (n,).

    With a model, its score, as its logit, is the last value.
    """
    seen = seen_by_eye()
    scores = scores_of(model) if model else None
    values, objects, galaxies = [], [], []
    for path in sorted(folder.glob("*.json")):
        for one in read_label_set(path).cutouts:
            known = list(boxes_of(one, seen.get((path.stem, one.source.name), ())))
            if known:
                corners = as_boxes([box.corners for box, _ in known])
                cutout = read_cutout(one.source)
                own = object_values(cutout, corners)
                if scores is not None:
                    own = np.column_stack([own, scores(cutout, corners)])
                values.append(own)
                objects += [what for _, what in known]
                galaxies += [one.source.name] * len(known)
    made = np.concatenate(values)
    good = np.isfinite(made).all(axis=1)
    return made[good], np.array(objects)[good], np.array(galaxies)[good]


def scores_of(model: str) -> Callable[[Cutout, np.ndarray], np.ndarray]:
    """Return a function that gives the logits of a model's scores of boxes."""
    from clump_detector.detector.describing.describer import Describer
    from clump_detector.detector.predict import Predictor
    from clump_detector.models.registry import resolve_model

    describer = Describer(Predictor(resolve_model(model), "cpu"))

    def scores(cutout: Cutout, corners: np.ndarray) -> np.ndarray:
        _, described = describer.describe(cutout, corners)
        given = np.clip(described.score[-len(corners) :], 1e-3, 1 - 1e-3)
        return np.log(given / (1 - given))

    return scores


def numbers(objects: np.ndarray) -> np.ndarray:
    """Return the number of each object among those of the program."""
    return np.array([OBJECTS.index(AS.get(what, what)) for what in objects])


def folds_of(galaxies: np.ndarray) -> np.ndarray:
    """Return a fold for each box, one for all of a galaxy."""
    names = np.random.default_rng(0).permutation(np.unique(galaxies))
    fold = {name: k % FOLDS for k, name in enumerate(names)}
    return np.array([fold[name] for name in galaxies])


def out_of_fold(
    values: np.ndarray, objects: np.ndarray, galaxies: np.ndarray
) -> np.ndarray:
    """Return chances (n, 4) by regressions that did not learn from the galaxy."""
    which = folds_of(galaxies)
    chances = np.zeros((len(values), len(OBJECTS)))
    for k in range(FOLDS):
        fitted = fit_objects(values[which != k], numbers(objects[which != k]))
        chances[which == k] = fitted.chances(values[which == k])
    return chances


def share(found: int, n: int) -> str:
    """Return a share with its interval."""
    low, high = binom_conf_interval(found, n, 0.95, "wilson")
    return f"{found / n:.2f} ({low:.2f} to {high:.2f})"


def print_table(objects: np.ndarray, chances: np.ndarray) -> None:
    """Print what the boxes of each kind are taken for."""
    taken = np.array(likeliest(chances))
    print(
        f"{'seen':10s} {'boxes':>5s}  {'  '.join(f'{o:>8s}' for o in OBJECTS)}  right"
    )
    for what in (*OBJECTS, "host"):
        own = taken[objects == what]
        counts = [int((own == o).sum()) for o in OBJECTS]
        right = int((own == AS.get(what, what)).sum())
        cells = "  ".join(f"{n:8d}" for n in counts)
        print(f"{what:10s} {len(own):5d}  {cells}  {share(right, len(own))}")
    true = numbers(objects)
    sure = chances.max(axis=1)
    for low, high in ((0.25, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        there = (sure >= low) & (sure < high)
        # As many of each kind by weight, as the chances mean it.
        weight = 1 / np.bincount(true)[true[there]]
        hit = chances[there].argmax(axis=1) == true[there]
        print(
            f"greatest chance {low:.2f} to {high:.2f}: {there.sum()} boxes, mean "
            f"{np.average(sure[there], weights=weight):.2f}, right "
            f"{np.average(hit, weights=weight):.2f}"
        )


def main() -> None:
    """Print the table; fit the program's regression if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--score", metavar="MODEL", default="")
    options = parser.parse_args()
    values, objects, galaxies = measured(options.folder)
    print_table(objects, out_of_fold(values, objects, galaxies))
    if options.score:
        values, objects, galaxies = measured(options.folder, options.score)
        print(f"with the score of {options.score}:")
        print_table(objects, out_of_fold(values, objects, galaxies))
    if options.fit:
        fitted = fit_objects(values, numbers(objects))
        write_json(module._WEIGHTS, fitted.as_json())
        print(f"{module._WEIGHTS.name}: of {len(values)} boxes.")


if __name__ == "__main__":
    main()
