"""Simulated galaxies with clumps: a sky whose truth is known, to train and test on.

A scene is drawn from what is known of real ones (`numbers`, `catalogue`), its fluxes
are drawn on a survey's detector (`draw`) and turned into that survey's picture
(`look`). A figure measured on it is never one on the real sky.
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
