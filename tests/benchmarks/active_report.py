"""What the curves of labelling orders come to, as figures and as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.goal import Figure

#: The order to be beaten, and the number of galaxies at which it is.
BASELINE, MARK = "random", 200

#: Galaxies from which on the mean F1 of a curve is taken: the first are the same.
FROM = 50

Curves = Mapping[str, Sequence[dict[str, Any]]]


def values(curves: Sequence[dict[str, Any]], name: str) -> np.ndarray:
    """Return one value of the points of some curves, shape (seeds, points)."""
    return np.array([[p[name] for p in c["points"]] for c in curves], dtype=float)


def reached(at: np.ndarray, f1: np.ndarray, goal: float) -> float:
    """Return where a curve first reaches a value, between two points by a line.

    NaN if it never does.

    Parameters
    ----------
    at, f1 : array of shape (points,)
    goal : float
    """
    over = np.flatnonzero(f1 >= goal)
    if not len(over):
        return np.nan
    k = int(over[0])
    if k == 0:
        return float(at[0])
    share = (goal - f1[k - 1]) / (f1[k] - f1[k - 1])
    return float(at[k - 1] + share * (at[k] - at[k - 1]))


def summed(curves: Curves) -> Iterator[Figure]:
    """Give for each order F1, and galaxies and boxes to reach that of the baseline."""
    at = values(curves[BASELINE], "galaxies")[0]
    mark = int(np.argmin(np.abs(at - MARK)))
    goal = float(values(curves[BASELINE], "f1")[:, mark].mean())
    yield Figure(f"{BASELINE}: F1 with {at[mark]:.0f} galaxies", goal, "")
    level = {
        curve["seed"]: float(values([curve], "f1")[0, at >= FROM].mean())
        for curve in curves[BASELINE]
    }
    for arm, own in curves.items():
        f1 = values(own, "f1")
        yield Figure(f"{arm}: F1 with {at[mark]:.0f} galaxies", *_mean(f1[:, mark]))
        for name in ("boxes", "decisions"):
            counts = values(own, name)[:, mark]
            what = f"{arm}: {name} on {at[mark]:.0f} galaxies"
            yield Figure(what, *_mean(counts))
        many = values(curves[BASELINE], "boxes")[:, mark].mean()
        same = np.array(
            [
                np.interp(many, counts, one)
                for counts, one in zip(values(own, "boxes"), f1, strict=True)
            ]
        )
        yield Figure(f"{arm}: F1 with {many:.0f} boxes", *_mean(same))
        base = np.array([level[curve["seed"]] for curve in own])
        gain = f1[:, at >= FROM].mean(axis=1) - base
        what = f"{arm}: F1 more than {BASELINE}, {FROM} galaxies on"
        yield Figure(what, *_mean(gain))
        for name in ("galaxies", "boxes", "decisions"):
            counts = values(own, name)
            whole = reached(counts.mean(axis=0), f1.mean(axis=0), goal)
            one = [reached(c, f, goal) for c, f in zip(counts, f1, strict=True)]
            text = ", ".join("never" if np.isnan(n) else f"{n:.0f}" for n in one)
            what = f"{arm}: {name} to reach {BASELINE}'s F1"
            yield Figure(what, whole, f"(by seed: {text})")


def _mean(found: np.ndarray) -> tuple[float, str]:
    """Return the mean over seeds, and how far they are apart, in words."""
    apart = f"{found.std(ddof=1):.3f}" if len(found) > 1 else "unknown"
    return float(found.mean()), f"(deviation between {len(found)} seeds: {apart})"


def doubted(spoiled: Sequence[dict[str, Any]], share: float) -> Iterator[Figure]:
    """Give which part of spoiled labels lies on the first galaxies by doubt."""
    kinds = sorted({how for one in spoiled for how, _ in one["places"]})
    for kind in (*kinds, ""):
        parts = np.array(
            [
                np.mean(
                    [
                        place < share * one["galaxies"]
                        for how, place in one["places"]
                        if kind in (how, "")
                    ]
                )
                for one in spoiled
            ]
        )
        what = f"spoiled labels ({kind or 'all'}) on the first {share:.0%} by doubt"
        yield Figure(what, *_mean(parts), "" if kind else "0.8")


def draw(curves: Curves, path: Path) -> None:
    """Draw F1 against galaxies for every order, with the seeds' standard error."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9.5, 3.8), sharey=True)
    names = ("galaxies", "boxes")
    labels = ("galaxies labelled", "clumps among their labels")
    for ax, name, label in zip(axes, names, labels, strict=True):
        for k, (arm, own) in enumerate(curves.items()):
            f1, counts = values(own, "f1"), values(own, name)
            error = f1.std(axis=0, ddof=min(1, len(f1) - 1)) / np.sqrt(len(f1))
            x, y, colour = counts.mean(axis=0), f1.mean(axis=0), f"C{k}"
            width = 2.4 if arm == BASELINE else 1.4
            shade = "black" if arm == BASELINE else colour
            ax.plot(x, y, label=arm, color=shade, lw=width, marker="o", ms=3)
            ax.fill_between(x, y - error, y + error, color=shade, alpha=0.12, lw=0)
        ax.set_xlabel(label)
        ax.grid(alpha=0.3)
    axes[0].set_ylabel("F1 on galaxies set apart")
    axes[1].legend(fontsize=8, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
