"""The paper's experiment: encoders by numbers of galaxies by seeds.

Every run has a folder of its own below the experiment's, with its model, its figures
and the parts of the recipe that it was made from. What is there and of this recipe is
not done again, so an experiment that was stopped goes on; what is of another recipe is
moved to the folder ``replaced`` and done again.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from clump_detector.config.model import ModelConfig, with_encoder
from clump_detector.config.recipe import read_toml
from clump_detector.config.tables import fill, settings_table
from clump_detector.config.training import TrainConfig
from clump_detector.core.errors import ConfigError
from clump_detector.core.files import read_json, sha256, write_json, write_text
from clump_detector.images.identity import believed, groups, keys_at_hand, with_pixels
from clump_detector.labels.label_set import LabelSet, read_label_set, write_label_set

from .pretrain import KINDS, PretrainConfig, pretrain
from .provenance import changed, keep_recipe, move_aside

Report = Callable[[str], None]

#: What is tabled of every run.
COLUMNS = (
    "init", "galaxies", "seed", "boxes", "completeness", "purity", "f1", "ap50",
    "minutes",
)  # fmt: skip


#: A training of a fixed number of steps is kept on disk so many times on its way.
PARTS = 6

#: Where runs of another recipe are kept, below the experiment's folder.
REPLACED = "replaced"

#: Options of a training that say how it runs, not what it learns.
_OF_THE_MACHINE = ("device", "checkpoint")


@dataclass(frozen=True)
class Init:
    """Where an encoder's weights come from.

    Attributes
    ----------
    name : str
        As tables and pictures call it.
    encoder : str
        As in `ModelConfig.encoder`; empty for the model's own.
    pretrain : str
        One of `clump_detector.experiments.pretrain.KINDS`, to pretrain it first; empty
        for none.
    """

    name: str = ""
    encoder: str = ""
    pretrain: str = ""


@dataclass(frozen=True)
class Experiment:
    """What is compared.

    Attributes
    ----------
    description : str
    labels, test : str
        Label sets to learn from and to judge on, relative to where it is run.
    commands : tuple of str
        What makes them.
    sizes : tuple of int
        Numbers of galaxies to learn from; of one seed, the smaller are part of the
        larger.
    seeds : tuple of int
    inits : tuple of Init
    model : ModelConfig
    train : TrainConfig
    steps : int
        Steps of every training, whatever its number of galaxies; 0 for the epochs of
        ``train``. As many steps for all compares what is learned, not how long.
    pretrain : dict
        Of `clump_detector.experiments.pretrain.PretrainConfig`.
    """

    description: str = ""
    labels: str = ""
    test: str = ""
    commands: tuple[str, ...] = ()
    sizes: tuple[int, ...] = (100, 400)
    seeds: tuple[int, ...] = (0,)
    steps: int = 0
    inits: tuple[Init, ...] = ()
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    pretrain: dict[str, Any] = field(default_factory=dict)


def read_experiment(path: str | Path) -> Experiment:
    """Read an experiment from a TOML file.

    Raises
    ------
    ConfigError
        If it cannot be read or has a key or a value that does not belong.
    """
    path = Path(path)
    content = read_toml(path)
    try:
        model = fill(ModelConfig, content.pop("model", {}), "model.")
        train = fill(TrainConfig, content.pop("train", {}), "train.")
        inits = content.pop("init", [])
        found = tuple(fill(Init, one, "init.") for one in inits)
        table = dict(content.pop("pretrain", {}))
        plan = replace(
            fill(Experiment, content),
            inits=found, model=model, train=train, pretrain=table,
        )  # fmt: skip
        _pretraining(plan)
        for init in found:
            if init.pretrain not in ("", *KINDS):
                raise ConfigError(
                    f"there is no pretraining {init.pretrain!r}",
                    remedy=f"Choose one of {KINDS}, or none.",
                )
    except ConfigError as error:
        raise ConfigError(error.what, path, error.remedy) from error
    names = [_plain(init.name) for init in plan.inits]  # folders are named so
    if not names or len(set(names)) < len(names) or not all(names):
        raise ConfigError(
            "an experiment needs one [[init]] or more, each with a name of its own",
            path,
            'Add [[init]] with name = "none".',
        )
    if not plan.labels or not plan.test or not plan.sizes or not plan.seeds:
        raise ConfigError(
            "labels, test, sizes and seeds are needed", path, "Add what is missing."
        )
    return plan


def _pretraining(plan: Experiment) -> PretrainConfig:
    return fill(PretrainConfig, plan.pretrain, "pretrain.")


def run_experiment(
    plan: Experiment, out: Path, report: Report = lambda line: None
) -> list[dict[str, Any]]:
    """Make all runs that are not there yet; write ``table.csv`` and ``picture.png``.

    Parameters
    ----------
    plan : Experiment
    out : path
        The experiment's folder.
    report : callable
        Told in a line what is done.

    Returns
    -------
    list of dict
        A row with `COLUMNS` of each run.

    Raises
    ------
    LabelError, ModelError, TrainingError, FileError
        As training and judging raise them.
    ConfigError
        If there are fewer galaxies than the largest size.
    """
    labels, test = read_label_set(plan.labels), read_label_set(plan.test)
    usable = _apart(labels.subset(held_out=False), test, report)
    if max(plan.sizes) > len(usable.cutouts):
        raise ConfigError(
            f"{max(plan.sizes)} galaxies are asked for, and there are "
            f"{len(usable.cutouts)}",
            Path(plan.labels),
            "Lower the sizes, or make more.",
        )
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for init, size, seed in itertools.product(plan.inits, plan.sizes, plan.seeds):
        folder = out / "runs" / f"{_plain(init.name)}-{size}-{seed}"
        done = folder / "figures.json"
        subset = _subset(usable, size, seed)
        recipe = _run_recipe(plan, init, subset, test, seed)
        _set_aside(folder, recipe, out / REPLACED, report)
        if not done.is_file():
            encoder = _encoder(init, plan, out, report)
            keep_recipe(folder, recipe)
            _run(plan, encoder, subset, test, seed, folder)
        row = {"init": init.name, "galaxies": size, "seed": seed, **read_json(done)}
        rows.append({key: row[key] for key in COLUMNS})
        report("  ".join(f"{key} {_short(row[key])}" for key in COLUMNS))
        write_text(out / "table.csv", _table(rows))
    draw_experiment(rows, out / "picture.png")
    return rows


def _apart(labels: LabelSet, test: LabelSet, report: Report) -> LabelSet:
    """Leave out galaxies that are judged on: all runs have the same test then."""
    both = (*labels.cutouts, *test.cutouts)
    known = [dict.fromkeys((*c.keys, *keys_at_hand(c.source))) for c in both]
    keys = [
        with_pixels(c.source, tuple(own)) for c, own in zip(both, known, strict=True)
    ]
    which = groups([own or (f"name:{i}",) for i, own in enumerate(believed(keys))])
    tested = set(which[len(labels.cutouts) :])
    pairs = zip(labels.cutouts, which, strict=False)
    kept = tuple(cutout for cutout, group in pairs if group not in tested)
    n = len(labels.cutouts) - len(kept)
    if n:
        report(f"{n} galaxies to learn from are also in the test: left out")
    return replace(labels, cutouts=kept)


def _set_aside(
    folder: Path, recipe: dict[str, Any], aside: Path, report: Report
) -> None:
    """Move a folder of another recipe aside, and say so."""
    why = changed(folder, recipe)
    if why:
        place = move_aside(folder, aside)
        report(f"{folder.name} is made again, since {why}; the old one is now {place}")


def _encoder_recipe(init: Init, plan: Experiment) -> dict[str, Any]:
    """Return what an encoder's weights are made from."""
    name = init.encoder or plan.model.encoder
    recipe: dict[str, Any] = {"encoder": name, "weights": _weights(name)}
    if init.pretrain:
        pretraining = asdict(_pretraining(plan))
        recipe["pretrain"] = {"kind": init.pretrain, **pretraining}
    return recipe


def _weights(encoder: str) -> str:
    """Return a hash of an encoder's weights where its name is that of a folder."""
    from clump_detector.detector.encoder import LOCAL, MODEL
    from clump_detector.models.registry import resolve_model

    if encoder.startswith(MODEL):
        folder = resolve_model(encoder.removeprefix(MODEL))
    elif encoder.startswith(LOCAL):
        folder = Path(encoder.removeprefix(LOCAL))
    else:
        return ""
    endings = (".safetensors", ".bin", ".pth")
    files = (path for path in sorted(folder.glob("*")) if path.suffix in endings)
    return " ".join(sha256(path) for path in files)


def _run_recipe(
    plan: Experiment, init: Init, labels: LabelSet, test: LabelSet, seed: int
) -> dict[str, Any]:
    """Return the parts of the recipe that matter to one run."""
    train = settings_table(_training(plan, seed))
    return {
        "labels": labels.hash(),
        "test": test.hash(),
        "galaxies": len(labels.cutouts),
        "seed": seed,
        "steps": plan.steps,
        "init": _encoder_recipe(init, plan),
        "model": {
            k: v for k, v in settings_table(plan.model).items() if k != "encoder"
        },
        "train": {k: v for k, v in train.items() if k not in _OF_THE_MACHINE},
    }


def _training(plan: Experiment, seed: int) -> TrainConfig:
    """Return how one run is trained."""
    config = replace(plan.train, seed=seed, checkpoint=True)
    if not plan.steps:
        return config
    per_epoch = -(-plan.steps // PARTS)
    epochs = -(-plan.steps // per_epoch)
    return replace(config, steps_per_epoch=per_epoch, epochs=epochs)


def _encoder(init: Init, plan: Experiment, out: Path, report: Report) -> str:
    """Return an encoder's name, pretrained first where that is asked for."""
    name = init.encoder or plan.model.encoder
    if not init.pretrain:
        return name
    folder = out / "encoders" / _plain(init.name)
    recipe = _encoder_recipe(init, plan)
    _set_aside(folder, recipe, out / REPLACED / "encoders", report)
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        found = pretrain(init.pretrain, name, folder, _pretraining(plan))
        keep_recipe(folder, recipe)
        report(
            f"{init.name}: tells {found['classes']} kinds apart, "
            f"{found['accuracy']:.2f} right"
        )
    return f"local-dir:{folder}"


def _subset(labels: LabelSet, size: int, seed: int) -> LabelSet:
    """Return so many galaxies, the same for every encoder."""
    order = np.random.default_rng([seed, 7]).permutation(len(labels.cutouts))
    chosen = tuple(labels.cutouts[i] for i in order[:size])
    return replace(labels, cutouts=chosen)


def _run(
    plan: Experiment,
    encoder: str,
    labels: LabelSet,
    test: LabelSet,
    seed: int,
    folder: Path,
) -> None:
    """Train and judge once; the figures are written last."""
    from clump_detector.evaluation.evaluate import evaluate_model
    from clump_detector.train.run import TrainRequest, train

    file, model = folder / "labels.json", folder / "model"
    write_label_set(labels, file)
    config = _training(plan, seed)
    if not model.is_dir():
        going_on = (folder / ".model.checkpoint.pt").is_file()
        chosen = with_encoder(plan.model, encoder)
        train(TrainRequest(file, model, config=config, model=chosen, resume=going_on))
    # Each at its best, or a shy model seems a bad one.
    judged = evaluate_model(model, test, at_best=True)
    card = read_json(model / "model.json")
    figures = {name: judged[name]["value"] for name in ("completeness", "purity", "f1")}
    figures |= {
        "ap50": judged["average_precision"]["any"]["ap50"],
        "boxes": labels.n_boxes,
        "minutes": card["learned_from"]["minutes"],
        "intervals": {n: judged[n]["68"] for n in ("completeness", "purity", "f1")},
    }
    write_json(folder / "figures.json", figures)


def _table(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _short(v) for k, v in row.items()} for row in rows)
    return text.getvalue()


def draw_experiment(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw completeness, purity and AP against the number of galaxies.

    Raises
    ------
    ConfigError
        If matplotlib is not installed.
    """
    from clump_detector.evaluation.plots import COLOURS, new_figure, save_figure

    drawing = new_figure(10.5, 3.4)
    panels = drawing.subplots(1, 3, sharex=True)
    names = list(dict.fromkeys(row["init"] for row in rows))
    for axes, key in zip(panels, ("completeness", "purity", "ap50"), strict=True):
        for name, colour in zip(names, itertools.cycle(COLOURS), strict=False):
            sizes, low, middle, high = zip(*_spread(rows, name, key), strict=True)
            axes.plot(sizes, middle, "o-", color=colour, ms=4, lw=1.3, label=name)
            axes.fill_between(sizes, low, high, color=colour, alpha=0.2, lw=0)
        axes.set(xlabel="galaxies to learn from", xscale="log", ylim=(0, 1))
        axes.set_title({"ap50": "AP at IoU 0.5"}.get(key, key), fontsize=9)
    panels[0].legend(fontsize=7)
    save_figure(drawing, path)


def _spread(
    rows: list[dict[str, Any]], name: str, key: str
) -> Iterator[tuple[int, float, float, float]]:
    """Yield (size, lowest, mean, highest) over seeds of one encoder."""
    for size in sorted({row["galaxies"] for row in rows}):
        values = [
            row[key] or 0.0
            for row in rows
            if row["init"] == name and row["galaxies"] == size
        ]
        if values:
            yield size, min(values), float(np.mean(values)), max(values)


def _plain(name: str) -> str:
    """Return a name that a folder may have."""
    return "".join(c if c.isalnum() else "-" for c in name.lower())


def _short(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
