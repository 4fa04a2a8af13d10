"""Why a model proposes a box: what becomes of its score as parts of the image go."""
