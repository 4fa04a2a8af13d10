"""Colours and fluxes of files made at random."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.fields import colour_properties as colours
from tests.fields import flux_properties as fluxes
from tests.fields.understood import understood

FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip


@FEW
@given(colours.pictures())
def test_pictures_keep_their_colours(drawn):
    colours.check_picture(drawn)


@FEW
@given(colours.named_bands())
def test_bands_in_any_order_go_from_blue_to_red(drawn):
    colours.check_bands(drawn)


@understood(
    "FITS", "a unit of flux (nanomaggy, Jy to nJy, MJy/sr) beside a zero point", "read",
    "the unit is believed",
)  # fmt: skip
@FEW
@given(fluxes.headers())
def test_units_are_those_of_the_header(drawn):
    fluxes.check_unit(drawn)


@FEW
@given(fluxes.levels())
def test_a_source_keeps_its_flux_on_any_level(drawn):
    fluxes.check_level(drawn)
