"""A condition in SQL: proposals with at least the minimum score of their model."""

from __future__ import annotations

import json
from collections.abc import Callable

from napari_clumps.review.storage.store import Store

#: Gives the score from which proposals of a model count, by its id.
Least = Callable[[str], float]

#: The condition on a row of ``boxes``; `parameters` gives its parameters.
STRONG = (
    "coalesce(score, 1) >= "
    "coalesce((SELECT value FROM json_each(:least) WHERE key = model), 0)"
)


def everything(_: str) -> float:
    """Return the score from which all proposals count."""
    return 0.0


def parameters(store: Store, least: Least) -> dict[str, str]:
    """Return the parameters of `STRONG`.

    Parameters
    ----------
    store : Store
    least : callable
        Gives the score from which a model's proposals count, by its id.
    """
    models = store.rows("SELECT DISTINCT model FROM boxes WHERE model IS NOT NULL")
    return {"least": json.dumps({model: least(model) for (model,) in models})}
