"""How much a label would tell: the mutual information of a box's class and the model.

Where the heads of an ensemble are sure and differ, a label decides between them; where
all of them say 0.5, the image itself does not tell, and a label teaches little.
"""

from __future__ import annotations

import numpy as np

from clump_detector.core.arrays import Floats


def mutual_information(scores: Floats) -> Floats:
    """Return the mutual information of a box's class and the choice of head, in nats.

    The entropy of the mean score less the mean entropy of the scores, for two classes:
    clump or not (BALD; Houlsby et al. 2011, "Bayesian active learning for
    classification and preference learning").

    Parameters
    ----------
    scores : array of shape (heads, n)
        0 to 1; NaN where a score is not known.

    Returns
    -------
    array of shape (n,)
        0 to ln 2; NaN where a score is NaN.
    """
    # A score in single precision may lie beside 0 or 1, where there is no entropy.
    scores = np.clip(np.asarray(scores, dtype=np.float64), 0.0, 1.0)
    gain = entropy(scores.mean(axis=0)) - entropy(scores).mean(axis=0)
    # Rounding may leave a little less than nothing.
    return np.asarray(np.maximum(gain, 0.0))


def entropy(scores: Floats) -> Floats:
    """Return the entropy of two classes in nats, 0 where a score is 0 or 1.

    Parameters
    ----------
    scores : array
        0 to 1, of any shape.
    """
    from scipy.special import entr

    return np.asarray(entr(scores) + entr(1 - scores))
