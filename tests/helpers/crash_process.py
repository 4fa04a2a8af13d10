"""Forks processes that review at random until somebody kills them.

Each line on its standard input, ``review seed acknowledgements``, makes a child; its
process id is answered. The child writes a line for each decision once the call has
returned: the newest sequence number, the cutout, and a digest of the cutout's boxes.
Importing is done once, here, so that a child takes no time to start.
"""

import os
import random
import sys
from pathlib import Path

import filelock  # noqa: F401 - so that a child need not

from clump_detector.labels.label_set import write_label_set
from napari_clumps.review import FLAGS, Box, Proposal, Review, Status


def digest(boxes: list[Box]) -> str:
    """Return what tells two states of a cutout's boxes apart."""
    return ";".join(f"{b.id},{b.status},{b.corners},{b.cls}" for b in boxes)


def decide(review: Review, chance: random.Random) -> int | None:
    """Do what a person or a model might do; return the cutout."""
    cutout = chance.choice(review.ids)
    boxes = review.boxes(cutout)
    box = chance.choice(boxes) if boxes else None
    x, y = chance.uniform(0, 80), chance.uniform(0, 80)
    corners = (x, y, x + chance.uniform(5, 20), y + chance.uniform(5, 20))
    deed = chance.choice(
        [
            "propose",
            "accept",
            "reject",
            "edit",
            "add",
            "finish",
            "undone",
            "undo",
            "undo",
            "redo",
            "flag",
            "merge",
            "export",
        ]
    )
    if deed == "undo":
        return review.undo()
    if deed == "redo":
        return review.redo()
    if deed == "propose":
        places = [(k * 9.0, y, k * 9.0 + 8, y + 8) for k in range(10)]
        proposals = [Proposal(*place, "clump", 0.5) for place in places]
        review.propose(cutout, proposals, f"m{chance.random()}", size=(100, 100))
    elif deed == "add":
        review.add(cutout, corners, "odd clump")
    elif deed == "finish":
        left = [b.id for b in boxes if b.status is Status.PROPOSAL]
        review.finish(cutout, left)
    elif deed == "flag":
        review.flag(cutout, chance.sample(FLAGS, 2), f"remark {chance.random()}")
    elif deed == "merge":
        review.merge(review.path.with_name("other.clumps"))
    elif deed == "export":
        write_label_set(review.label_set(), review.path.with_name("labels.json"))
    elif deed == "undone":
        review.set_done(cutout, False)
    elif box is not None and deed == "edit":
        review.edit(box.id, corners)
    elif box is not None:
        getattr(review, deed)(box.id)
    return cutout


def review_at_random(path: str, seed: int, acknowledgements: str) -> None:
    """Decide without end."""
    chance = random.Random(seed)
    told = os.open(acknowledgements, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    review = Review.open(path)
    assert not review.read_only, review.read_only_reason
    while True:
        cutout = decide(review, chance)
        if cutout is not None:
            state = digest(review.boxes(cutout))
            os.write(told, f"{review.last_seq} {cutout} {state}\n".encode())


def main() -> None:
    """Make children as asked."""
    for line in sys.stdin:
        path, seed, acknowledgements = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            try:
                review_at_random(path, int(seed), acknowledgements)
            except BaseException as error:
                Path(f"{acknowledgements}.error").write_text(repr(error))
            finally:
                os._exit(1)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("gone", flush=True)


if __name__ == "__main__":
    main()
