"""Ways to break a file, and a run that reads broken files one after the other."""

from __future__ import annotations

import faulthandler
import random
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.helpers.resources import PATIENCE, peak_memory

#: A file that takes longer is a hang: the process ends and says where it was.
HANG = PATIENCE

#: What stands in the place of a word or a number.
NASTY = (
    "nan", "inf", "-1", "1e400", "9" * 400, "", '"', "'", "{", "]", "\0", "../../up",
    "/etc/passwd", "1e9", "None", "null", "true", "[]", "{}", "2147483648", "1,5",
    "-99999999999999999999", "ä\U0001f30c", "%s%n", "\r\n", "\t", "#", ";", ",", "|",
    "image", "fk5", "1000000000", "*", "&a *a", "&x;", "=HYPERLINK(1)", "sep=;",
    "!!python/object/apply:os.system [ls]", "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "NAXIS1",
)  # fmt: skip


def flipped(content: bytes, chance: random.Random, most: int | None = None) -> bytes:
    """Change some bytes, of the first ``most`` where that is given."""
    broken = bytearray(content)
    for _ in range(chance.randint(1, 30)):
        if broken:
            place = chance.randrange(min(len(broken), most or len(broken)))
            broken[place] = chance.randrange(256)
    return bytes(broken)


def cut(content: bytes, chance: random.Random) -> bytes:
    """End somewhere."""
    return content[: chance.randrange(len(content) + 1)]


def longer(content: bytes, chance: random.Random) -> bytes:
    """Add bytes at the end."""
    return content + chance.randbytes(chance.randint(1, 9000))


def overwritten(content: bytes, chance: random.Random) -> bytes:
    """Fill a piece with one byte."""
    start = chance.randrange(len(content) + 1)
    length = chance.randint(1, 600)
    filling = chance.choice((b"\0", b"\xff", b" ", b"9"))
    return content[:start] + filling * length + content[start + length :]


def moved(content: bytes, chance: random.Random) -> bytes:
    """Repeat or leave out a piece, as of a download that was resumed."""
    start, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    middle = chance.choice((b"", content[start:end] * 2))
    return content[:start] + middle + content[end:]


def words(content: bytes, chance: random.Random) -> bytes:
    """Put something absurd in the place of a word."""
    marks = [i for i, byte in enumerate(content[:50_000]) if byte in b' ,;"<>:()=\n']
    if len(marks) < 2:
        return content
    place = chance.randrange(len(marks) - 1)
    start, stop = marks[place] + 1, marks[place + 1]
    return content[:start] + chance.choice(NASTY).encode() + content[stop:]


def lines(content: bytes, chance: random.Random) -> bytes:
    """Drop, repeat or mix lines."""
    found = content.split(b"\n")
    place = chance.randrange(len(found))
    way = chance.randrange(3)
    if way == 0 and len(found) > 1:
        del found[place]
    elif way == 1:
        found.insert(place, chance.choice(found))
    else:
        chance.shuffle(found)
    return b"\n".join(found)


@dataclass(frozen=True)
class Broken:
    """A broken file, what lies beside it, and what reads it.

    Attributes
    ----------
    name : str
    content : bytes
    read : callable
        Takes the path.
    beside : dict of str to bytes
        Contents of other files in its folder, by name.
    """

    name: str
    content: bytes
    read: Callable[[Path], object]
    beside: dict[str, bytes]


def read_each(cases: Iterable[Broken], folder: Path) -> dict[str, object]:
    """Write and read broken files, and return what became of them.

    Parameters
    ----------
    cases : iterable of Broken
    folder : path
        Each file is put into a folder inside, which is gone afterwards.

    Returns
    -------
    dict
        ``files``, ``read``, ``wrong`` (what was no `ClumpError` of one line that names
        the file), ``slowest``, ``peak_gb`` and ``left`` (files anywhere else).
    """
    from clump_detector.core.errors import ClumpError

    faulthandler.enable()
    wrong: list[str] = []
    slowest, number, read, left = (0.0, ""), -1, 0, set()
    for number, case in enumerate(cases):
        here = folder / "here"
        here.mkdir()
        for name, content in {case.name: case.content, **case.beside}.items():
            (here / name).write_bytes(content)
        label = f"{number} {case.name}"
        # What is wrong with one of several files may be said of another, or the folder.
        named = str(here) if case.beside else str(here / case.name)
        faulthandler.dump_traceback_later(HANG, exit=True)
        start = time.perf_counter()
        try:
            case.read(here / case.name)
            read += 1
        except ClumpError as error:
            if "\n" in error.message or named not in error.message:
                wrong.append(f"{label}: says {error.message[:200]}")
        except BaseException as error:
            wrong.append(f"{label}: {type(error).__name__} {error}"[:300])
        slowest = max(slowest, (time.perf_counter() - start, label))
        faulthandler.cancel_dump_traceback_later()
        shutil.rmtree(here)
        left |= {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    return {
        "files": number + 1, "read": read, "wrong": wrong, "slowest": slowest,
        "peak_gb": peak_memory(), "left": sorted(left),
    }  # fmt: skip
