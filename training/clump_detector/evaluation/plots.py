"""A model's metrics as one picture, or two models' side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clump_detector.core.errors import ConfigError, FileError, from_os_error
from clump_detector.core.files import atomic_path
from clump_detector.core.json_types import JsonObject

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Told apart without red and green (Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

#: Axes in a row of a grid.
_COLUMNS = 3


def draw_metrics(metrics: JsonObject, path: str | Path) -> None:
    """Draw what `evaluate` found: curves with bands, flux ratios, reliability.

    Parameters
    ----------
    metrics : dict
        From `evaluate_model`, or from `compare_models`: then both are drawn.
    path : path
        A file whose ending names its format: png, pdf or svg.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    FileError
        If the file cannot be written, or its ending names no format.
    """
    models = [metrics[key] for key in ("old", "new") if metrics.get(key)] or [metrics]
    classes = _classes_of(models)
    drawing = new_figure(10.5 if len(classes) < 2 else 14, 3.4)
    left, middle, right, *last = drawing.subplots(1, 3 if len(classes) < 2 else 4)
    for axes in last:
        _by_class(axes, models, classes)
    for model, colour in zip(models, COLOURS, strict=False):
        _curves(left, model, colour)
        _flux_ratios(middle, model, colour)
        _reliability(right, model, colour)
    left.set(xlabel="score", ylabel="share", xlim=(0, 1), ylim=(0, 1.02))
    left.set_title("completeness (line), purity (dashed)", fontsize=9)
    middle.set(xlabel="clump flux / host flux", ylabel="completeness", ylim=(0, 1.02))
    right.plot([0, 1], [0, 1], color="0.7", lw=1, zorder=0)
    right.set(xlabel="score", ylabel="share that is true", xlim=(0, 1), ylim=(0, 1.02))
    right.set_title("reliability", fontsize=9)
    left.legend(fontsize=7, loc="lower left")
    save_figure(drawing, Path(path))


def _classes_of(models: Sequence[JsonObject]) -> list[str]:
    """Return the classes that some label or some model has boxes of."""
    return list(
        dict.fromkeys(
            name
            for model in models
            for name, row in model["classes"].items()
            if row["true_boxes"] or row["found"]
        )
    )


def _by_class(axes: Axes, models: Sequence[JsonObject], classes: Sequence[str]) -> None:
    """Draw completeness (circles) and purity (squares) of each class, with 95 %."""
    for m, (model, colour) in enumerate(zip(models, COLOURS, strict=False)):
        for k, (key, mark) in enumerate((("completeness", "o"), ("purity", "s"))):
            for place, name in enumerate(classes):
                row = model["classes"].get(name, {}).get(key)
                if row is None or row["value"] is None:
                    continue
                x = place + 0.16 * (2 * m + k - len(models) + 0.5)
                axes.plot(x, row["value"], mark, color=colour, ms=5)
                if row["95"] is not None:
                    axes.plot([x, x], row["95"], color=colour, lw=1)
    true = [
        max(m["classes"].get(name, {}).get("true_boxes", 0) for m in models)
        for name in classes
    ]
    labels = [f"{name}\n{n:,}" for name, n in zip(classes, true, strict=True)]
    axes.set_xticks(range(len(classes)), labels, fontsize=8)
    axes.set(xlim=(-0.6, len(classes) - 0.4), ylim=(0, 1.02), ylabel="share")
    axes.set_title("by class: completeness (●), purity (■)", fontsize=9)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure.

    Parameters
    ----------
    width, height : float
        In inches.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError(
            "matplotlib, which draws the picture, is not installed",
            remedy="Run: pip install matplotlib.",
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def new_grid(
    n: int, width: float, row: float, *, sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes in rows of three.

    Parameters
    ----------
    n : int
        How many axes.
    width, row : float
        Of the figure and the height of a row, in inches.
    sharey : bool
        Whether all have one vertical scale.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    rows = max(-(-n // _COLUMNS), 1)
    figure = new_figure(width, row * rows + 0.3)
    every = figure.subplots(rows, _COLUMNS, sharey=sharey, squeeze=False).ravel()
    for axes in every[n:]:
        axes.set_visible(False)
    return figure, list(every[:n])


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the path's ending names.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
        png unless its ending names another format.

    Raises
    ------
    FileError
        If it cannot be written, or the ending names no format.
    """
    path = path if path.suffix else path.with_name(f"{path.name}.png")
    try:
        with atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=150)
    except ValueError as error:
        raise FileError(
            f"this is no format of a picture ({error})", path, "Name a png, pdf or svg."
        ) from error
    except OSError as error:
        raise from_os_error(error, path, "write") from error


def _curves(axes: Axes, model: JsonObject, colour: str) -> None:
    curve = model["curve"]
    for name, style in (("completeness", "-"), ("purity", "--")):
        rows = [
            (score, value, band)
            for score, value, band in zip(
                curve["scores"], curve[name], curve[f"{name}_68"], strict=True
            )
            if value is not None
        ]
        if not rows:
            continue
        scores, values, _ = zip(*rows, strict=True)
        label = f"{model['model']}" if style == "-" else None
        axes.plot(scores, values, style, color=colour, lw=1.5, label=label)
        # Few galaxies have no band.
        banded = [(score, *band) for score, _, band in rows if band is not None]
        if banded:
            places, low, high = zip(*banded, strict=True)
            axes.fill_between(places, low, high, color=colour, alpha=0.2, lw=0)
    axes.axvline(model["score"], color=colour, lw=0.8, ls=":")


def _flux_ratios(axes: Axes, model: JsonObject, colour: str) -> None:
    rows = [r for r in model["flux_ratios"] if r["completeness"] is not None]
    if not rows:
        axes.text(
            0.5, 0.5, "flux ratios are not known", ha="center", transform=axes.transAxes
        )
        return
    names = [
        f"≥ {r['low']:g}" if r["high"] is None else f"{r['low']:g}-{r['high']:g}"
        for r in rows
    ]
    values = [r["completeness"] for r in rows]
    axes.plot(names, values, "o-", color=colour, ms=4, lw=1.2)
    for name, row in zip(names, rows, strict=True):
        axes.annotate(
            str(row["true_boxes"]), (name, row["completeness"]), fontsize=7,
            textcoords="offset points", xytext=(0, -11), ha="center", color="0.4",
        )  # fmt: skip


def _reliability(axes: Axes, model: JsonObject, colour: str) -> None:
    bins = [b for b in model["reliability"]["bins"] if b["boxes"] >= 3]
    axes.plot(
        [b["score"] for b in bins], [b["true"] for b in bins], "o-",
        color=colour, ms=4, lw=1.2,
    )  # fmt: skip
