"""Names for the kinds of arrays that the engine passes around."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Values of any type and shape, such as those of a file before they are converted.
AnyArray = NDArray[Any]

#: Numbers of any shape.
Floats = NDArray[np.float64]

#: Bands of an image, of shape (bands, height, width), NaN where there is no data.
BandArray = NDArray[np.float32]

#: True where something holds, of the shape of an image.
Mask = NDArray[np.bool_]
