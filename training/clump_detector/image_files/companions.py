"""Files that accompany an image and are not cutouts: weights, masks, models, previews.

They are recognised by their names, as surveys and programs write them. A word that
could be part of a galaxy's name counts only if the folder holds the image that the
file accompanies: ``a_model.fits`` with ``a.fits`` or ``a_image.fits``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .bands import band_of_token


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Words that identify such a file in any name, by the kind of file.
_ALWAYS = {
    "weights": "wht weight weights weightmap wtmap ivar invvar invar ivm expwt rrhr "
    "confmap",
    "errors": "variance varmap unc uncert uncertainty munc rms rmsmap",
    "masks": "msk maskbits maskimage badpix bpm dqm dqmask",
    "coverage maps": "ctx cov coverage mcov nexp expmap depth galdepth psfdepth skybg "
    "nimage",
    "PSFs": "psfs psfsize psfex psfmodel",
    "segmentation maps": "segm segmap segmentation",
    "models and residuals": "resid resids residual residuals blobmodel chi2 bgmod",
}

#: Words that identify it only if the folder holds the image that it accompanies.
_BESIDE = {
    "weights": "wt wei weim inv iv conf",
    "errors": "var err error errors sigma std stddev noise",
    "masks": "mask masks dq flag flags badpixels",
    "coverage maps": "exp exptime exposure con num n cnt context texp time samp",
    "PSFs": "psf",
    "segmentation maps": "seg aper apertures",
    "models and residuals": "model models res sky bkg bg background chi check objects "
    "subtracted fit",
}

#: The same, for PNG and JPEG only.
_PREVIEWS = _set(
    "thumb thumbnail thumbs preview quicklook small rgb irg gri grz colour color "
    "labelled annotated overlay"
)

_SURE = {word: kind for kind, words in _ALWAYS.items() for word in words.split()}
_LIKELY = {word: kind for kind, words in _BESIDE.items() for word in words.split()}

#: After one of those words they mean that it is an image: sky-subtracted, PSF-matched.
_AFTER = _set(
    "subtracted sub matched match homogenized homogenised conv convolved free "
    "corrected applied"
)

#: Words that name the image itself.
_IMAGES = _set(
    "sci science image images img drz drc flt flc i2d int coadd calexp stack stk data "
    "flux intensity"
)

#: Surveys with naming schemes of their own: SDSS, Pan-STARRS, HSC and Euclid.
_NAMES = (
    (re.compile(r"^(?:fpM|fpBIN|fpAtlas|psField|tsField|tsObj|photoField)-\w"),
     "masks and tables of SDSS"),
    (re.compile(r"rings\.v\d.*\.(?:wt|mask|exp|expwt|num)$"), "weights and masks"),
    (re.compile(r"^psf-(?:calexp|coadd|cutout)", re.I), "PSFs"),
    (re.compile(r"^EUC_MER_(?:MOSAIC-.*-(?:FLAG|RMS)_|BGMOD|CATALOG|GRID)", re.I),
     "masks, errors and models"),
)  # fmt: skip


@dataclass(frozen=True)
class LeftOut:
    """A file that is not a cutout, and what it is.

    Attributes
    ----------
    path : path
    kind : str
        What such files are, in the plural, for messages.
    """

    path: Path
    kind: str


def companions_in_words(left_out: Sequence[LeftOut]) -> str:
    """Return a sentence on which files were left out and why, or ''."""
    if not left_out:
        return ""
    by_kind: dict[str, list[Path]] = {}
    for one in left_out:
        by_kind.setdefault(one.kind, []).append(one.path)
    parts = [
        f"{len(paths)} {kind} ({', '.join(p.name for p in paths[:2])}"
        f"{', ...' if len(paths) > 2 else ''})"
        for kind, paths in by_kind.items()
    ]
    n = len(left_out)
    return (
        f"{n} {'file is not a cutout' if n == 1 else 'files are not cutouts'}: "
        f"{'; '.join(parts)}. Give the path of a file itself to open it anyway."
    )


class Companions:
    """Recognises the files of one folder that accompany an image.

    Parameters
    ----------
    stems : iterable of (str, bool)
        The names of the folder's images, without suffix, and whether each is a FITS
        file.
    """

    def __init__(self, stems: Iterable[tuple[str, bool]]) -> None:
        self._known: set[tuple[str, ...]] = set()
        self._fits: set[tuple[str, ...]] = set()
        for stem, is_fits in stems:
            forms = _forms(_words(stem))
            self._known |= forms
            if is_fits:
                self._fits |= forms

    def kind(self, stem: str, *, is_picture: bool) -> str | None:
        """Return what a file is by its name, or None if it may be a cutout.

        Parameters
        ----------
        stem : str
            The file's name without suffix.
        is_picture : bool
            Whether it is a PNG or JPEG, which may be a preview of another file.
        """
        for name, kind in _NAMES:
            if name.search(stem):
                return kind
        words = _words(stem)
        found = self._by_words(words)
        if found is None and is_picture and self._is_preview(words):
            return "previews"
        return found

    def _by_words(self, words: Sequence[str]) -> str | None:
        """Return the kind of file by the last word that names one."""
        for index in range(len(words) - 1, -1, -1):
            word, after = words[index], words[index + 1 : index + 2]
            if word in _IMAGES:
                return None
            if after and after[0] in _AFTER:
                continue
            if word in _SURE:
                return _SURE[word]
            if word in _LIKELY and self._accompanies(words, index, self._known):
                return _LIKELY[word]
        return None

    def _is_preview(self, words: Sequence[str]) -> bool:
        """Return whether a picture shows what another file of the folder holds."""
        if _forms(words) & self._fits:
            return True
        return any(
            word in _PREVIEWS and self._accompanies(words, index, self._known)
            for index, word in enumerate(words)
        )

    @staticmethod
    def _accompanies(
        words: Sequence[str], index: int, known: set[tuple[str, ...]]
    ) -> bool:
        """Return whether an image has the same name without the word at an index."""
        rest = [*words[:index], *words[index + 1 :]]
        return bool(_forms(rest) & known)


def _words(stem: str) -> list[str]:
    """Return the words of a name in lower case, in order."""
    return [word for word in re.split(r"[-_. ]+", stem.casefold()) if word]


def _forms(words: Sequence[str]) -> set[tuple[str, ...]]:
    """Return a name without the words in `_IMAGES`, with its bands and without."""
    bare = tuple(word for word in words if word not in _IMAGES)
    without = tuple(word for word in bare if band_of_token(word) is None)
    return {form for form in (bare, without) if form}
