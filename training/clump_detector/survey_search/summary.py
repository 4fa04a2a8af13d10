"""The summary page of a dataset: numbers, distributions, and pictures of galaxies."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.arrays import Floats
from clump_detector.core.errors import ClumpError
from clump_detector.core.files import write_text

from .addresses import item_for
from .dataset.collection import table_files
from .dataset.folder import Made
from .dataset.parts import read_parquet
from .dataset.tables import CUTOUT, CUTOUTS, DETECTIONS, PROBLEMS

if TYPE_CHECKING:
    import pyarrow as pa
    from PIL.Image import Image

#: The page, in the folder of the dataset.
SUMMARY = "summary.html"

#: Pictures of galaxies: those with the most clumps, and others drawn at random.
_MOST_CLUMPS, _RANDOM = 12, 12

#: Side length of a picture of a galaxy in pixels.
_SIDE = 200

#: Reasons of failures that are listed, the most frequent first.
_REASONS = 10

_STYLE = """
body { font-family: sans-serif; margin: 2em auto; max-width: 70em; color: #222; }
table { border-collapse: collapse; } td, th { padding: .2em .8em; text-align: left; }
td.n { text-align: right; } figure { display: inline-block; margin: 3px; }
figcaption { font-size: 70%; max-width: 200px; overflow-wrap: anywhere; }
"""


def write_summary(dataset: Path, made: Made) -> None:
    """Write the summary page of a dataset, one file with all of its pictures.

    Parameters
    ----------
    dataset : path
    made : Made

    Raises
    ------
    FileError
        If it cannot be written.
    """
    cutouts = _columns(
        dataset, CUTOUTS, ["cutout", "name", "ra", "dec", "n_clumps", "best_score"]
    )
    scores = _numbers(_columns(dataset, DETECTIONS, ["score"]), "score")
    reasons = _columns(dataset, PROBLEMS, [CUTOUT, "reason"])["reason"].to_pylist()
    n_clumps = _numbers(cutouts, "n_clumps")
    parts = [
        f"<h1>{html.escape(dataset.absolute().name)}</h1>",
        _table(_facts(made, cutouts, n_clumps, scores, reasons)),
        _plots(cutouts, n_clumps, scores),
        "<h2>Most clumps</h2>",
        *_pictures(dataset, cutouts, _richest(n_clumps)),
        "<h2>Drawn at random</h2>",
        *_pictures(dataset, cutouts, _drawn(cutouts)),
        *_failures(reasons),
    ]
    page = (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
        f"<title>{html.escape(dataset.absolute().name)}</title>"
        f"<style>{_STYLE}</style></head><body>" + "\n".join(parts) + "</body></html>\n"
    )
    write_text(dataset / SUMMARY, page)


def _columns(dataset: Path, name: str, columns: list[str]) -> pa.Table:
    import pyarrow as pa

    files = table_files(dataset, name)
    if not files:
        return read_parquet(dataset / "none", name, columns)
    return pa.concat_tables([read_parquet(path, name, columns) for path in files])


def _numbers(table: pa.Table, column: str) -> Floats:
    return np.asarray(table[column].to_numpy(), dtype=float)


def _facts(
    made: Made,
    cutouts: pa.Table,
    n_clumps: Floats,
    scores: Floats,
    reasons: Sequence[str],
) -> Mapping[str, object]:
    clumpy = int((n_clumps > 0).sum())
    share = f" ({clumpy / len(n_clumps):.1%})" if len(n_clumps) else ""
    return {
        "model": made.model,
        "program": f"napari-clumps {made.version}",
        "cutouts searched": f"{len(cutouts):,}",
        "cutouts that failed": f"{len(reasons):,}",
        "with clumps": f"{clumpy:,}{share}",
        "clumps, from the model's default score up": f"{int(n_clumps.sum()):,}",
        "boxes kept": f"{len(scores):,}",
        "with a position": f"{len(cutouts) - cutouts['ra'].null_count:,}",
        "made with": ", ".join(
            k if v is True else f"{k} {v}" for k, v in made.options.items() if v
        ),
    }


def _table(facts: Mapping[str, object]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(k)}</td><td>{html.escape(str(v))}</td></tr>"
        for k, v in facts.items()
    )
    return f"<table>{rows}</table>"


def _plots(cutouts: pa.Table, n_clumps: Floats, scores: Floats) -> str:
    """Return a picture of the clumps per galaxy, of the scores, and of the sky."""
    from clump_detector.evaluation.plots import COLOURS, new_figure

    figure = new_figure(10.5, 3.0)
    left, middle, right = figure.subplots(1, 3)
    left.hist(n_clumps, bins=np.arange(-0.5, 12.5), color=COLOURS[0])
    left.set(xlabel="clumps on a galaxy", ylabel="galaxies", yscale="symlog")
    middle.hist(scores, bins=np.linspace(0, 1, 41), color=COLOURS[0])
    middle.set(xlabel="score", ylabel="boxes", xlim=(0, 1))
    placed = cutouts.drop_null()
    ra, dec = _numbers(placed, "ra"), _numbers(placed, "dec")
    right.scatter(ra, dec, s=2, color=COLOURS[0], rasterized=True)
    right.set(xlabel="right ascension (deg)", ylabel="declination (deg)")
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=110)
    return _image(target.getvalue(), "image/png")


def _image(content: bytes, kind: str) -> str:
    text = base64.b64encode(content).decode("ascii")
    return f"<img alt='' src='data:{kind};base64,{text}'>"


def _richest(n_clumps: Floats) -> NDArray[np.intp]:
    order = np.argsort(-n_clumps, kind="stable")[:_MOST_CLUMPS]
    return np.asarray(order[n_clumps[order] > 0])


def _drawn(cutouts: pa.Table) -> list[int]:
    """Return some rows, the same in every run."""
    addresses = cutouts[CUTOUT].to_pylist()
    keys = [hashlib.sha1(a.encode()).digest() for a in addresses]
    return sorted(range(len(keys)), key=keys.__getitem__)[:_RANDOM]


def _pictures(
    dataset: Path, cutouts: pa.Table, rows: Sequence[int] | NDArray[np.intp]
) -> Iterator[str]:
    """Yield pictures of galaxies with their boxes; a reason where there is none."""
    chosen = cutouts.take(np.asarray(rows, dtype=int)).to_pylist()
    boxes = _boxes(dataset, [row[CUTOUT] for row in chosen])
    for row in chosen:
        try:
            content = _drawing(dataset, row[CUTOUT], boxes.get(row[CUTOUT], []))
            shown = _image(content, "image/jpeg")
        except ClumpError as error:
            shown = html.escape(error.what)
        words = f"{row['name']}: {row['n_clumps']} clumps"
        yield (
            f"<figure>{shown}<figcaption title='{html.escape(row[CUTOUT])}'>"
            f"{html.escape(words)}</figcaption></figure>"
        )


def _boxes(dataset: Path, addresses: list[str]) -> dict[str, list[dict[str, float]]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    found: dict[str, list[dict[str, float]]] = {}
    wanted = pa.array(addresses, pa.string())
    columns = [CUTOUT, "score", "x1", "y1", "x2", "y2"]
    for path in table_files(dataset, DETECTIONS):
        table = read_parquet(path, DETECTIONS, columns)
        for row in table.filter(pc.is_in(table[CUTOUT], wanted)).to_pylist():
            found.setdefault(row[CUTOUT], []).append(row)
    return found


def _drawing(
    dataset: Path, address: str, boxes: Sequence[Mapping[str, float]]
) -> bytes:
    """Return a galaxy's picture with its boxes as JPEG."""
    from PIL import Image as Images
    from PIL import ImageDraw

    from clump_detector.images.cutout import read_cutout
    from clump_detector.images.rgb import to_rgb

    with tempfile.TemporaryDirectory() as scratch:
        cutout = read_cutout(item_for(address, dataset).source(Path(scratch)))
    scale = _SIDE / max(cutout.width, cutout.height)
    size = max(round(cutout.width * scale), 1), max(round(cutout.height * scale), 1)
    image: Image = Images.fromarray(to_rgb(cutout))
    if not cutout.is_picture:
        image = image.transpose(Images.Transpose.FLIP_TOP_BOTTOM)  # North is up
    image = image.resize(size)
    draw = ImageDraw.Draw(image)
    for box in boxes:
        y1, y2 = box["y1"], box["y2"]
        if not cutout.is_picture:
            y1, y2 = cutout.height - 1 - y2, cutout.height - 1 - y1
        corners = [(v + 0.5) * scale for v in (box["x1"], y1, box["x2"], y2)]
        draw.rectangle(corners, outline="#ffd84d")
    target = io.BytesIO()
    image.save(target, "JPEG", quality=85)
    return target.getvalue()


def _failures(reasons: Sequence[str]) -> Iterator[str]:
    """Yield why cutouts failed, without the names of their files."""
    if not reasons:
        return
    yield "<h2>Why cutouts failed</h2>"
    counts = Counter(reason.rsplit(": ", 1)[-1] for reason in reasons)
    rows = "".join(
        f"<tr><td class='n'>{n:,}</td><td>{html.escape(words)}</td></tr>"
        for words, n in counts.most_common(_REASONS)
    )
    yield f"<table>{rows}</table>"
