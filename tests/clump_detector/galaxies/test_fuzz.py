"""Damaged lists of galaxies: a clear error or a list, never anything else."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table

from clump_detector.core.errors import ClumpError
from clump_detector.galaxies.read import read_galaxies
from clump_detector.galaxies.surveys import Choices, make_plan, survey_named
from tests.helpers.resources import work

FORMATS = {
    "csv": "ascii.csv", "ecsv": "ascii.ecsv", "vot": "votable", "fits": "fits",
    "parquet": "parquet",
}  # fmt: skip

#: Mutated lists of each format; together 400.
ROUNDS = 80


def whole_list() -> Table:
    n = 12
    rng = np.random.default_rng(0)
    table = Table()
    table["name"] = [f"NGC {i}, the {i}th" for i in range(n)]
    table["objid"] = rng.integers(10**17, 9 * 10**18, n)
    table["ra"] = MaskedColumn(rng.uniform(0, 360, n), unit="deg")
    table["dec"] = MaskedColumn(rng.uniform(-90, 90, n), unit="deg")
    table["redshift"] = MaskedColumn(rng.uniform(0, 0.1, n), mask=np.arange(n) == 3)
    table["petroR50_r"] = MaskedColumn(rng.uniform(1, 9, n), unit="arcsec")
    table["psf_fwhm_r"] = rng.uniform(1, 2, n).astype(np.float32)
    table["petroMag_r"] = rng.uniform(13, 18, n)
    table["file"] = [f"g{i}.png" for i in range(n)]
    return table


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("lists")
    found = {}
    for ending, name in FORMATS.items():
        path = folder / f"a.{ending}"
        whole_list().write(path, format=name)
        found[ending] = path.read_bytes()
    buffer = io.BytesIO()
    whole_list().write(buffer, format="votable", tabledata_format="binary2")
    found["binary.vot"] = buffer.getvalue()
    return found


def absurd_number(content: bytes, rng) -> bytes:
    """Put a number of many digits where one stands."""
    found = list(re.finditer(rb"\d+", content))
    if not found:
        return b"7"
    at = found[rng.integers(len(found))]
    new = rng.choice(
        [b"1000000000", b"-1", b"99999999999999999999999", b"1e999", b"nan"]
    )
    return content[: at.start()] + new + content[at.end() :]


def absurd_claim(content: bytes, rng) -> bytes:
    """Have the file promise more than it has."""
    claims = [
        (rb"NAXIS2  = +\d+", b"NAXIS2  =           1000000000"),
        (rb"NAXIS1  = +\d+", b"NAXIS1  =           1000000000"),
        (rb"TFIELDS = +\d+", b"TFIELDS =                  999"),
        (rb"<TABLE", b'<TABLE nrows="1000000000"'),
        (rb'arraysize="\d*\*?"', b'arraysize="1000000000"'),
        (rb"<DATA>", b'<DATA><BINARY><STREAM href="file:///etc/hosts"/></BINARY>'),
        (rb"<VOTABLE", b'<!DOCTYPE a [<!ENTITY b "c">]><VOTABLE'),
        (rb"datatype: \w+", b"datatype: !!python/object/apply:os.system [ls]"),
        (rb"- \{name: \w+", b"- {name: &a [*a,*a]"),
        (rb",", b',"' + b"x" * 200_000),
        (rb"\n", b"\n" + b",".join([b"c"] * 5000) + b"\n"),
    ]
    fitting = [claim for claim in claims if re.search(claim[0], content)]
    if not fitting:
        return content[:100]
    pattern, new = fitting[rng.integers(len(fitting))]
    return re.sub(pattern, lambda _: new, content, count=1)


def mutated(content: bytes, rng) -> bytes:
    """Return a file damaged in one to three ways."""
    for _ in range(rng.integers(1, 4)):
        content = damaged_once(content, rng) or b" "
    return content


def damaged_once(content: bytes, rng) -> bytes:
    at, to = sorted(rng.integers(0, len(content) + 1, 2))
    junk = rng.integers(0, 256, rng.integers(1, 20), dtype=np.uint8).tobytes()
    before, after = content[:at], content[at:]
    ways = [
        lambda: before,
        lambda: before + junk + after,
        lambda: before + b"\0" * len(junk) + after[len(junk) :],
        lambda: before + b'"' + after,
        lambda: before + content[to:],
        lambda: content[:to] + after,
        lambda: before + junk + after[len(junk) :],
        lambda: absurd_number(content, rng),
        lambda: absurd_claim(content, rng),
        lambda: content.replace(b"ra", b"RA", 1).replace(b"\n", b"\r", 3),
    ]
    return ways[rng.integers(len(ways))]()


def outcome(path: Path, out: Path):
    """Return why a list is refused, or what is fetched for it."""
    try:
        galaxies = read_galaxies(path)
        list(galaxies)
        choices = Choices(survey_named("sdss"), size=30)
        return "", make_plan(galaxies, choices, out).wanted
    except ClumpError as error:
        return error.message, ()


@pytest.mark.parametrize("ending", [*FORMATS, "binary.vot"])
def test_damaged_lists_are_refused_or_read(originals, tmp_path, ending):
    rng = np.random.default_rng(len(ending) + sum(map(ord, ending)))
    path = tmp_path / "deep" / f"list.{ending}"
    path.parent.mkdir()
    refused = 0
    rounds = ROUNDS if ending in ("csv", "ecsv", "fits", "parquet") else ROUNDS // 2
    for number in range(rounds):
        path.write_bytes(mutated(originals[ending], rng))
        with work() as done:
            message, wanted = outcome(path, tmp_path / "out")
        assert done.seconds < 5, number
        refused += bool(message)
        assert not message or ("list." in message and "\n" not in message), number
        for one in wanted:
            assert Path(one.file).name == one.file
            assert all(isinstance(i, int) for i in one.galaxy.ids.values())
            assert 0 <= one.galaxy.ra < 360
            assert -90 <= one.galaxy.dec <= 90
    assert 5 < refused <= rounds
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["deep", path.name]
