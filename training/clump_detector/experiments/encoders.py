"""The paper's experiment: encoders by what is trained, numbers of galaxies and seeds.

Every run has a folder of its own below the experiment's, with its model, its metrics
and the parts of the recipe that it was made from. What is there and of this recipe is
not done again, so an experiment that was stopped goes on; what is of another recipe is
moved to the folder ``replaced`` and done again.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from clump_detector.config.model import with_encoder
from clump_detector.config.tables import settings_table
from clump_detector.config.training import TrainConfig
from clump_detector.core.errors import ConfigError
from clump_detector.core.files import read_json, sha256, write_json, write_text
from clump_detector.core.json_types import JsonObject
from clump_detector.core.progress import Progress, no_progress
from clump_detector.images.identity import believed, groups, keys_at_hand, with_pixels
from clump_detector.labels.joined import read_joined
from clump_detector.labels.label_set import LabelSet, read_label_set, write_label_set

from .plan import Experiment, Init, folder_name, pretraining
from .plots import draw_experiment
from .pretrain import pretrain
from .provenance import changed, keep_recipe, move_aside

#: Takes a sentence about what was done.
Report = Callable[[str], None]

#: What is tabled of every run.
COLUMNS = (
    "init", "parts", "galaxies", "seed", "boxes", "completeness", "purity", "f1",
    "best_f1", "ap50", "minutes",
)  # fmt: skip


#: A training of a fixed number of steps is stored on disk this many times on its way.
PARTS = 6

#: Where runs of another recipe are moved, below the experiment's folder.
REPLACED = "replaced"

#: Options of a training about how it runs, not what it learns.
_OF_THE_MACHINE = ("device", "checkpoint")


def run_experiment(
    plan: Experiment, out: Path, progress: Progress = no_progress
) -> list[JsonObject]:
    """Make all runs that are not there yet; write ``table.csv`` and ``picture.png``.

    Parameters
    ----------
    plan : Experiment
    out : path
        The experiment's folder.
    progress : callable
        Called with the runs done, all runs, and a sentence.

    Returns
    -------
    list of dict
        A row with `COLUMNS` of each run.

    Raises
    ------
    LabelError, ModelError, TrainingError, FileError
        As training and evaluation raise them.
    ConfigError
        If there are fewer galaxies than the largest size.
    """
    parts = plan.parts or (plan.train.train_parts,)
    runs = list(itertools.product(plan.inits, parts, plan.sizes, plan.seeds))
    rows: list[JsonObject] = []

    def report(text: str) -> None:
        progress(len(rows), len(runs), text)

    drawn = {seed: _drawn(plan, seed, report) for seed in plan.seeds}
    out.mkdir(parents=True, exist_ok=True)
    for init, part, size, seed in runs:
        learned, test = drawn[seed]
        labels = replace(learned, cutouts=learned.cutouts[:size])
        one = replace(plan, train=replace(plan.train, train_parts=part))
        row = _run_once(one, init, labels, test, seed, out, report)
        rows.append(row)
        report("  ".join(f"{key} {_short(row[key])}" for key in COLUMNS))
        write_text(out / "table.csv", _table(rows))
    draw_experiment(rows, out / "picture.png")
    return rows


def _drawn(plan: Experiment, seed: int, report: Report) -> tuple[LabelSet, LabelSet]:
    """Return the galaxies of a seed to learn from, in their order, and the test."""
    labels = _read_labels(plan.labels).subset(held_out=False)
    most = max(plan.sizes)
    if plan.test:
        test = read_label_set(plan.test)
        learned = _shuffled(_apart(labels, test), seed)
        _tell(labels, learned, "galaxies to learn from are also in the test", report)
    else:  # other pictures of a galaxy leave the test, so that all sizes are there
        mixed = _shuffled(labels, seed)
        learned = replace(mixed, cutouts=mixed.cutouts[:most])
        rest = replace(mixed, cutouts=mixed.cutouts[most:])
        test = _apart(rest, learned)
        _tell(rest, test, "galaxies of the test are also learned from", report)
    if most > len(learned.cutouts) or not test.cutouts:
        raise ConfigError(
            f"{most} galaxies are asked for, and there are {len(learned.cutouts)} to "
            f"learn from and {len(test.cutouts)} to evaluate on",
            Path(plan.labels[0]),
            "Lower the sizes, or make more.",
        )
    return learned, test


def _read_labels(paths: Sequence[str]) -> LabelSet:
    """Return one label set, of one or of several files."""
    if len(paths) == 1:
        return read_label_set(paths[0])
    return read_joined([Path(path) for path in paths])


def _run_once(
    plan: Experiment,
    init: Init,
    labels: LabelSet,
    test: LabelSet,
    seed: int,
    out: Path,
    report: Report,
) -> JsonObject:
    """Make one run, unless it is there already, and return its row."""
    size = len(labels.cutouts)
    parts = [folder_name(plan.train.train_parts)] if plan.parts else []
    name = "-".join([folder_name(init.name), *parts, str(size), str(seed)])
    folder = out / "runs" / name
    done = folder / "figures.json"
    recipe = _run_recipe(plan, init, labels, test, seed)
    _set_aside(folder, recipe, out / REPLACED, report)
    if not done.is_file():
        encoder = _encoder(init, plan, out, report)
        keep_recipe(folder, recipe)
        _run(plan, encoder, labels, test, seed, folder)
    row = {
        "init": init.name,
        "parts": plan.train.train_parts,
        "galaxies": size,
        "seed": seed,
        **read_json(done),
    }
    return {key: row[key] for key in COLUMNS}


def _apart(labels: LabelSet, others: LabelSet) -> LabelSet:
    """Leave out the galaxies that are also among others, as themselves or a twin."""
    both = (*labels.cutouts, *others.cutouts)
    keyed = [dict.fromkeys((*c.keys, *keys_at_hand(c.source))) for c in both]
    keys = [
        with_pixels(c.source, tuple(own)) for c, own in zip(both, keyed, strict=True)
    ]
    which = groups([own or (f"name:{i}",) for i, own in enumerate(believed(keys))])
    known = set(which[len(labels.cutouts) :])
    pairs = zip(labels.cutouts, which, strict=False)
    kept = tuple(cutout for cutout, group in pairs if group not in known)
    return replace(labels, cutouts=kept)


def _tell(labels: LabelSet, kept: LabelSet, what: str, report: Report) -> None:
    """Say how many were left out, if any were."""
    n = len(labels.cutouts) - len(kept.cutouts)
    if n:
        report(f"{n} {what}: left out")


def _set_aside(folder: Path, recipe: JsonObject, aside: Path, report: Report) -> None:
    """Move a folder of another recipe aside, and report it."""
    why = changed(folder, recipe)
    if why:
        target = move_aside(folder, aside)
        report(f"{folder.name} is made again, since {why}; the old one is now {target}")


def _encoder_recipe(init: Init, plan: Experiment) -> JsonObject:
    """Return what an encoder's weights are made from."""
    name = init.encoder or plan.model.encoder
    recipe: JsonObject = {"encoder": name, "weights": _weights(name)}
    if init.pretrain:
        recipe["pretrain"] = {"kind": init.pretrain, **asdict(pretraining(plan))}
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
) -> JsonObject:
    """Return the parts of the recipe that matter to one run."""
    train = settings_table(_training(plan, seed))
    return {
        "labels": labels.hash(),
        "test": test.hash(),
        "galaxies": len(labels.cutouts),
        "seed": seed,
        "steps": plan.steps,
        **({"at_default": True} if plan.at_default else {}),
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
    folder = out / "encoders" / folder_name(init.name)
    recipe = _encoder_recipe(init, plan)
    _set_aside(folder, recipe, out / REPLACED / "encoders", report)
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        found = pretrain(init.pretrain, name, folder, pretraining(plan))
        keep_recipe(folder, recipe)
        report(
            f"{init.name}: classifies {found['classes']} kinds, "
            f"{found['accuracy']:.2f} right"
        )
    return f"local-dir:{folder}"


def _shuffled(labels: LabelSet, seed: int) -> LabelSet:
    """Return the galaxies in a random order, the same for every encoder."""
    order = np.random.default_rng([seed, 7]).permutation(len(labels.cutouts))
    return replace(labels, cutouts=tuple(labels.cutouts[i] for i in order))


def _run(
    plan: Experiment,
    encoder: str,
    labels: LabelSet,
    test: LabelSet,
    seed: int,
    folder: Path,
) -> None:
    """Train and evaluate once; the metrics are written last."""
    from clump_detector.evaluation.evaluate import evaluate_model
    from clump_detector.train.run import TrainRequest, train

    file, model = folder / "labels.json", folder / "model"
    write_label_set(labels, file)
    config = _training(plan, seed)
    if not model.is_dir():
        going_on = (folder / ".model.checkpoint.pt").is_file()
        chosen = with_encoder(plan.model, encoder)
        train(TrainRequest(file, model, config=config, model=chosen, resume=going_on))
    # Each at its best unless it chose a score, or a shy model seems a bad one.
    found = evaluate_model(model, test, at_best=not plan.at_default)
    card = read_json(model / "model.json")
    figures = {name: found[name]["value"] for name in ("completeness", "purity", "f1")}
    figures |= {
        "ap50": found["average_precision"]["any"]["ap50"],
        "best_f1": found["best_f1"],
        "boxes": labels.n_boxes,
        "minutes": card["learned_from"]["minutes"],
        "intervals": {n: found[n]["68"] for n in ("completeness", "purity", "f1")},
    }
    write_json(folder / "figures.json", figures)


def _table(rows: list[JsonObject]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _short(v) for k, v in row.items()} for row in rows)
    return text.getvalue()


def _short(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value
