"""A small server on loopback that answers as hips2fits and SDSS do, or badly.

It draws stars at known places, each of a known flux.
"""

from __future__ import annotations

import bz2
import io
import json
import threading
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from tests.helpers.resources import PATIENCE

#: Arcsec: the width of all stars, and the side of a pixel of SDSS.
SIGMA, NATIVE = 1.2, 0.396


class SurveyServer:
    """What is served, what was asked, and what comes next.

    Attributes
    ----------
    stars : list of (ra, dec, flux)
        Flux in nanomaggies in every band.
    script : deque of str
        Answers to the next requests; when it is empty all goes well.
    always : str
        The answer to every request, if any.
    asked : list of (path, parameters)
    held : int
        How many requests wait for their answer just now.
    """

    def __init__(self) -> None:
        self.stars: list[tuple[float, float, float]] = []
        self.script: deque[str] = deque()
        self.always = ""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.released = threading.Event()
        self.held = 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def _handler(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self)

            def log_message(self, *_):
                pass

        return Handler

    def start(self):
        self._thread.start()

    def close(self):
        self.released.set()
        self._http.shutdown()
        self._http.server_close()

    # -- answering ----------------------------------------------------------

    def answer(self, handler) -> None:
        parts = urlsplit(handler.path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, asked))
        how = self.script.popleft() if self.script else self.always
        if how == "drop":
            handler.connection.close()
            return
        if how == "wait":
            self.held += 1
            self.released.wait(PATIENCE)
            self.held -= 1
        if how[:1].isdigit():
            status, _, wait = how.partition(" ")
            extra = {"Retry-After": wait} if wait else {}
            words = json.dumps({"title": "Bad", "description": "no such HiPS"})
            self._send(handler, int(status), words.encode(), extra)
            return
        if how == "html":
            self._send(handler, 200, b"<!DOCTYPE html><html>Back soon</html>")
            return
        content = self._content(parts.path, asked, how)
        cut = len(content) // 2 if how in ("truncated", "short") else None
        self._send(handler, 200, content[:cut], length=len(content), how=how)

    def _send(self, handler, status, content, extra=None, length=None, how=""):
        try:
            handler.send_response(status)
            whole = length if how == "truncated" else len(content)
            handler.send_header("Content-Length", str(whole))
            for key, value in (extra or {}).items():
                handler.send_header(key, value)
            handler.end_headers()
            handler.wfile.write(content)
        except OSError:  # who asked has gone
            pass
        if how == "truncated":
            handler.close_connection = True

    def _content(self, path: str, asked: dict[str, str], how: str) -> bytes:
        if path.startswith("/hips2fits"):
            header = fits.Header(json.loads(asked["wcs"]))
            wcs, n = WCS(header), header["NAXIS1"]
            if asked["format"] != "fits":
                return self._picture(wcs, n, asked["format"], how)
            image = (
                np.full((n, n), np.nan) if how == "empty" else self.draw(wcs, (n, n))
            )
            return _fits(image, wcs)
        if path.startswith("/sky"):
            return self._fields(how)
        return self._frame()

    def draw(self, wcs, shape) -> np.ndarray:
        """Return the sky in nanomaggies per native pixel."""
        y, x = np.indices(shape)
        ra, dec = wcs.all_pix2world(x, y, 0)
        image = np.full(shape, 0.01)
        for star_ra, star_dec, flux in self.stars:
            east = (ra - star_ra) * np.cos(np.radians(star_dec)) * 3600
            north = (dec - star_dec) * 3600
            bright = np.exp(-(east**2 + north**2) / (2 * SIGMA**2))
            image += flux * NATIVE**2 * bright / (2 * np.pi * SIGMA**2)
        return image

    def _picture(self, wcs, n: int, kind: str, how: str) -> bytes:
        image = np.zeros((n, n)) if how == "empty" else self.draw(wcs, (n, n))
        top = max(float(image.max()), 1e-9)
        grey = np.clip(20 + 230 * image / top, 0, 255) if how != "empty" else image
        rgb = np.repeat(grey[::-1, :, None], 3, axis=2).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(rgb).save(
            buffer, "JPEG" if kind == "jpg" else "PNG", quality=95
        )
        return buffer.getvalue()

    def _fields(self, how: str) -> bytes:
        rows = [] if how == "empty" else ["752,301,3,373,40", "752,301,3,374,2"]
        return "\n".join(["#Table1", "run,rerun,camcol,field,n", *rows, ""]).encode()

    def _frame(self) -> bytes:
        ra, dec, _ = self.stars[0]
        wcs = WCS(naxis=2)
        wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
        wcs.wcs.crval, wcs.wcs.crpix = [ra, dec], [150.25, 120.75]
        turn = np.radians(30)  # frames follow the drift, not the meridian
        wcs.wcs.cd = (NATIVE / 3600) * np.array(
            [[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        )
        return bz2.compress(_fits(self.draw(wcs, (240, 300)), wcs))


def _fits(image: np.ndarray, wcs) -> bytes:
    buffer = io.BytesIO()
    fits.PrimaryHDU(image.astype(np.float32), wcs.to_header()).writeto(buffer)
    return buffer.getvalue()


@contextmanager
def serving(monkeypatch, cache):
    """Run a server that all fetching of this process asks, with a cache of its own."""
    server = SurveyServer()
    server.start()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NAPARI_CLUMPS_HIPS2FITS", f"{server.url}/hips2fits")
    monkeypatch.setenv("NAPARI_CLUMPS_SKYSERVER", f"{server.url}/sky")
    monkeypatch.setenv("NAPARI_CLUMPS_SDSS_SAS", f"{server.url}/sas")
    monkeypatch.setenv("NAPARI_CLUMPS_CACHE", str(cache))
    try:
        yield server
    finally:
        server.close()
