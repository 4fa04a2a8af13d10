"""Simulated galaxies with clumps: a sky whose truth is known, to train and test on.

A scene is drawn from what is known of real ones (`priors`, `scenes`), its fluxes
are drawn on a survey's detector (`render`) and turned into that survey's picture
(`survey_picture`). A value measured on it does not hold for the real sky.
"""

from .cutout import SimulatedCutout, simulate_one
from .dataset import simulate
from .scenes.scene import Scene, SimulatedClump, SimulatedHost
from .scenes.sky import draw_scene

__all__ = [
    "Scene",
    "SimulatedClump",
    "SimulatedCutout",
    "SimulatedHost",
    "draw_scene",
    "simulate",
    "simulate_one",
]
