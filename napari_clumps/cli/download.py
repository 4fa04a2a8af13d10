"""``fetch``: the cutouts of a list of galaxies, with progress on the terminal."""

from __future__ import annotations

from pathlib import Path

from clump_detector.galaxies.read import read_galaxies
from clump_detector.surveys import Ended, Failed, Services, Waits, fetch
from clump_detector.surveys.request import DownloadRequest, download_in_words, plan_for

from .progress import ProgressLine


def fetch_cutouts(path: Path, folder: Path, request: DownloadRequest) -> list[str]:
    """Download the cutouts of a list, with progress on stderr.

    Parameters
    ----------
    path : path
        The list.
    folder : path
        Where the cutouts go.
    request : DownloadRequest

    Returns
    -------
    list of str
        What went wrong, one sentence each.

    Raises
    ------
    ClumpError
        If the list or the request is of no use, or the folder cannot be written to.
    """
    galaxies = read_galaxies(path, request.columns)
    plan = plan_for(galaxies, request, folder)
    print(f"{path}: {len(galaxies)} galaxies. {' '.join(galaxies.report)}")
    for line in plan.notes:
        print(line)
    bar = ProgressLine("Downloading cutouts", len(plan.wanted))
    problems = [*galaxies.problems, *plan.problems]
    done = 0
    for event in fetch(plan, Services()):
        if isinstance(event, Waits):
            print(f"{event.reason}: continuing in {event.seconds:.0f} s.")
            continue
        if isinstance(event, Ended):
            print(download_in_words(event))
            problems += [event.stopped] if event.stopped else []
            continue
        if isinstance(event, Failed):
            problems.append(event.message)
        done += 1
        bar.show(done)
    bar.end()
    return problems
