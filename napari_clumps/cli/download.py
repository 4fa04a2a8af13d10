"""``fetch``: the cutouts of a list of galaxies, with progress on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clump_detector.galaxies.read import read_galaxies
from clump_detector.surveys import Ended, Failed, Services, Waits, fetch
from clump_detector.surveys.request import DownloadRequest, download_in_words, plan_for


def fetch_from_command_line(
    path: Path,
    folder: Path,
    request: DownloadRequest,
    show: Callable[[int, int], None],
    say: Callable[[str], None],
) -> list[str]:
    """Fetch the cutouts of a list and return what went wrong, one sentence each.

    Parameters
    ----------
    path : path
        The list.
    folder : path
        Where the cutouts go.
    request : DownloadRequest
    show : callable
        Told of progress: done, total.
    say : callable
        Told of what a person should know, in lines.

    Raises
    ------
    ClumpError
        If the list or the request is of no use, or the folder cannot be written to.
    """
    galaxies = read_galaxies(path, request.columns)
    plan = plan_for(galaxies, request, folder)
    say(f"{path}: {len(galaxies)} galaxies. {' '.join(galaxies.said)}")
    for line in plan.said:
        say(line)
    problems = [*galaxies.problems, *plan.problems]
    done = 0
    for event in fetch(plan, Services()):
        if isinstance(event, Waits):
            say(f"{event.reason}: going on in {event.seconds:.0f} s.")
            continue
        if isinstance(event, Ended):
            say(download_in_words(event))
            problems += [event.stopped] if event.stopped else []
            continue
        if isinstance(event, Failed):
            problems.append(event.message)
        done += 1
        show(done, len(plan.wanted))
    return problems
