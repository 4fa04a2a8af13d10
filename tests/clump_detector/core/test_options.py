"""Options described once: what forms and the command line make of them is the same."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from clump_detector.config.detection import DetectOptions
from clump_detector.config.training import TrainConfig
from clump_detector.core.options import Option, option, option_of
from clump_detector.galaxies.surveys.request import DownloadRequest
from clump_detector.simulate.options import SimulateOptions


@dataclass
class Example:
    passes: int = option(3, "How often", least=1, most=9)
    plain: int = 1


def test_a_description_has_what_was_declared():
    found = option_of(Example, "passes")
    assert found == Option("passes", 3, "How often", "Passes", 1, 9)
    assert Example().passes == 3


def test_a_field_without_a_description_is_none():
    with pytest.raises(KeyError):
        option_of(Example, "plain")


@pytest.mark.parametrize(
    ("verb", "owner", "names"),
    [
        ("detect", DetectOptions, ("model", "score", "device")),
        ("train", TrainConfig, ("train_parts", "epochs", "seed", "goal")),
        ("simulate", SimulateOptions, ("n", "seed", "kind", "size", "clumpy")),
        ("fetch", DownloadRequest, ("survey", "bands", "size", "radii", "pixels")),
    ],
)
def test_the_command_line_says_what_the_dataclass_says(verb, owner, names):
    from typer.main import get_command

    from napari_clumps.cli.main import app

    parameters = get_command(app).commands[verb].params
    said = {p.help.rstrip("."): p for p in parameters if getattr(p, "help", None)}
    for name in names:
        assert option_of(owner, name).help in said, name


@pytest.mark.parametrize(
    ("verb", "owner", "same"),
    [("simulate", SimulateOptions, ("n", "seed", "kind", "size", "share", "clumpy"))],
)
def test_the_command_line_begins_with_the_same_values(verb, owner, same):
    from typer.main import get_command

    from napari_clumps.cli.main import app

    defaults = {p.name: p.default for p in get_command(app).commands[verb].params}
    for name in same:
        default = defaults[name]
        assert getattr(default, "value", default) == option_of(owner, name).default
