"""What a model says of a cutout beside its boxes, and its JSON."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clump_detector.core.boxes import Boxes, as_boxes
from clump_detector.core.json_types import JsonObject

#: Decimals of scores, of information in nats, and of corners in pixels.
_DECIMALS, _FINE, _PIXELS = 5, 6, 3

#: Arrays of one number for each box, and the decimals that are sent of them.
_NUMBERS = {
    "score": _DECIMALS,
    "mean": _DECIMALS,
    "spread": _DECIMALS,
    "information": _FINE,
    "unseen": _DECIMALS,
}


@dataclass(frozen=True)
class Description:
    """What a model says of a cutout and of n boxes on it.

    Attributes
    ----------
    encoder : str
        Names the weights of the encoder: vectors of two encoders cannot be compared.
    vector : float16 array of shape (2 * channels,)
        The embedding of the cutout: the encoder's features on its galaxy, and on all
        of it. Of a field of many galaxies both are the latter.
    profile : float16 array of shape (VALUES,)
        What its galaxy looks like; see `clump_detector.images.host_profile`. Not a
        number in a field of many galaxies.
    boxes : array of shape (n, 4)
        The model's own, the best first, then those that it was asked about.
    found : bool array of shape (n,)
        Whether a box is the model's own. It may have a lower score than a proposal.
    score : array of shape (n,)
        The model's own score.
    mean, spread : array of shape (n,)
        Mean and standard deviation of the scores that the heads give.
    information : array of shape (n,)
        Of the class and the choice of head, in nats; see
        `clump_detector.metrics.information`.
    unseen : array of shape (n,)
        The mean score of those heads that did not learn from the galaxy; of all where
        none did.
    votes : int array of shape (n,)
        How many heads give at least the model's default score.
    heads : int
        How many there are: those of an ensemble, or passes with dropout.
    vectors : float16 array of shape (n, channels)
        The embeddings of the boxes.
    ensemble : bool
        Whether the heads are those of an ensemble.
    """

    encoder: str
    vector: NDArray[np.float16]
    profile: NDArray[np.float16]
    boxes: Boxes
    found: NDArray[np.bool_]
    score: NDArray[np.float64]
    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    information: NDArray[np.float64]
    unseen: NDArray[np.float64]
    votes: NDArray[np.int64]
    heads: int
    vectors: NDArray[np.float16]
    ensemble: bool = True

    def to_json(self) -> JsonObject:
        """Return it as a dictionary that JSON can hold, the embeddings packed."""
        return {
            "encoder": self.encoder,
            "vector": _packed(self.vector),
            "profile": _packed(self.profile),
            "boxes": np.round(self.boxes, _PIXELS).tolist(),
            "found": self.found.tolist(),
            "votes": self.votes.tolist(),
            "heads": self.heads,
            "vectors": _packed(self.vectors),
            "ensemble": self.ensemble,
            **{
                name: np.round(getattr(self, name), decimals).tolist()
                for name, decimals in _NUMBERS.items()
            },
        }

    @classmethod
    def from_json(cls, table: JsonObject) -> Description:
        """Return what `to_json` was given.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the table is not of its making.
        """
        vector = _unpacked(table["vector"])
        return cls(
            encoder=str(table["encoder"]),
            vector=vector,
            profile=_unpacked(table["profile"]),
            boxes=as_boxes(table["boxes"]),
            found=np.array(table["found"], dtype=bool),
            votes=np.array(table["votes"], dtype=np.int64),
            heads=int(table["heads"]),
            vectors=_unpacked(table["vectors"]).reshape(-1, len(vector) // 2),
            ensemble=bool(table["ensemble"]),
            **{name: np.array(table[name], dtype=np.float64) for name in _NUMBERS},
        )


def _packed(values: NDArray[np.float16]) -> str:
    return base64.b64encode(values.astype("<f2").tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.float16]:
    return np.frombuffer(base64.b64decode(text), "<f2").astype(np.float16)
