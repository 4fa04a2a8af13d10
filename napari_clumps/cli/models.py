"""``models``: the models on this machine, listed, shown, renamed, removed, imported."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from clump_detector.core.errors import ConfigError
from clump_detector.core.files import read_json
from clump_detector.core.json_types import JsonObject
from clump_detector.models.card import CARD
from clump_detector.models.lineage import ancestors, children, newest_verdict
from clump_detector.models.registry import ModelEntry, find_model, list_models
from napari_clumps.models.description import facts, verdict_line
from napari_clumps.models.removal import refuse_removal, remove, rename
from napari_clumps.settings.settings import load_settings

from .options import app

models_app = typer.Typer(help="The models on this machine.", no_args_is_help=True)
app.add_typer(models_app, name="models")


@models_app.command(name="list")
def models_list(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the models on this machine, a star at the current one."""
    print_models(as_json)


@models_app.command(name="show")
def models_show(
    name: Annotated[str, typer.Argument(help="A model of the list.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show a model: its card, what it was made from, and its verdicts."""
    print_model(name, as_json)


@models_app.command(name="rename")
def models_rename(
    old: Annotated[str, typer.Argument(help="A model of the list.")],
    new: Annotated[str, typer.Argument(help="Its new name.")],
) -> None:
    """Rename a model; the current one stays current."""
    rename_from_command_line(old, new)


@models_app.command(name="remove")
def models_remove(
    name: Annotated[
        str, typer.Argument(help="A model of the list, also a broken one.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a model for good; never the current one or the starter."""
    remove_from_command_line(name, yes)


@models_app.command(name="import")
def models_import(
    file: Annotated[Path, typer.Argument(help="A checkpoint of Popp et al. (.pth).")],
    name: Annotated[
        str | None, typer.Option(help="The new model's name; the file's by default.")
    ] = None,
) -> None:
    """Make a model of one of the checkpoints published with Popp et al. (2023)."""
    from clump_detector.detector.popp_checkpoint import import_checkpoint
    from clump_detector.models.registry import new_model_folder

    folder = new_model_folder(name or file.stem)
    card = import_checkpoint(file, folder)
    print(f"{folder}: a new model, {card.name}.")


def print_models(as_json: bool) -> None:
    """Print the models, a star at the current one, each with its newest verdict."""
    entries, current = list_models(), load_settings().model
    if as_json:
        print(json.dumps([_row(e, current) for e in entries], indent=1))
        return
    width = max((len(e.name) for e in entries), default=0)
    for entry in entries:
        star = "*" if entry.name == current else " "
        if entry.card is None:
            print(f"{star} {entry.name:{width}}  {entry.problem}")
            continue
        print(f"{star} {entry.name:{width}}  {entry.card.summary}")
        verdict = newest_verdict(entry.card)
        if verdict:
            print(f"{'':{width + 4}}{verdict_line(verdict)}")


def _row(entry: ModelEntry, current: str) -> JsonObject:
    verdict = {} if entry.card is None else newest_verdict(entry.card)
    return {
        "name": entry.name,
        "path": str(entry.path),
        "problem": entry.problem,
        "current": entry.name == current,
        "verdict": verdict or None,
    }


def print_model(name: str, as_json: bool) -> None:
    """Print a model's card, lineage and verdicts.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    entry, entries = find_model(name), list_models()
    entry = next(e for e in entries if e.path == entry.path)
    current = load_settings().model
    if as_json:
        print(json.dumps(_whole(entry, entries, current), indent=1))
        return
    print(f"{entry.name}{'  (the current model)' if name == current else ''}")
    found = facts(entry, entries)
    width = max(len(heading) for heading, _ in found) + 2
    for heading, lines in found:
        for i, line in enumerate(lines):
            print(f"  {'' if i else heading:{width}}{line}")


def _whole(entry: ModelEntry, entries: list[ModelEntry], current: str) -> JsonObject:
    """Return a model for other programs: its list entry, its lineage and its card."""
    lineage = [] if entry.card is None else ancestors(entry.card, entries)
    return {
        **_row(entry, current),
        "lineage": [
            {
                "model": ancestor.model_id,
                "name": None if ancestor.entry is None else ancestor.entry.name,
                "cutouts": ancestor.learned_from.get("cutouts"),
                "boxes": ancestor.learned_from.get("boxes"),
            }
            for ancestor in lineage
        ],
        "made_from_it": [child.name for child in children(entry, entries)],
        "card": None if entry.card is None else read_json(entry.path / CARD),
    }


def rename_from_command_line(old: str, new: str) -> None:
    """Rename a model and say where it is.

    Raises
    ------
    ModelError, FileError
        If it cannot be renamed.
    """
    print(f"{old} is {new} now: {rename(old, new)}.")


def remove_from_command_line(name: str, yes: bool) -> None:
    """Remove a model, after a question on a terminal unless told not to ask.

    Raises
    ------
    ConfigError
        If there is nobody to ask.
    ModelError, FileError
        If it cannot be removed.
    """
    entry = find_model(name)
    refuse_removal(name)
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError(
                f"nobody can be asked whether to remove '{name}'",
                entry.path,
                "Say --yes to remove it without a question.",
            )
        answer = input(f"Remove {entry.path} for good? [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            print("Nothing was removed.")
            return
    remove(name)
    print(f"{name} was removed.")
