"""The hub's real client, against a small server on the loopback address."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import timm
import torch
from timm.models import save_for_hf

from tests.helpers.resources import PATIENCE

REPOSITORY = "mwalmsley/zoobot-encoder-test_resnet"
COMMIT = "0" * 40

#: Builds the encoder as the program does, and prints its last feature map's sum.
CHILD = """
import torch
from clump_detector.detector.encoder import build_encoder
from clump_detector.core.errors import ModelError
try:
    encoder = build_encoder("zoobot-test_resnet", (4, 8, 16, 32)).eval()
except ModelError as error:
    print("REFUSED", error.message)
else:
    image = torch.linspace(0, 1, 3 * 64 * 64).reshape(1, 3, 64, 64)
    with torch.inference_mode():
        print("LOADED", float(encoder(image)[-1].sum()))
"""


@pytest.fixture
def hub(tmp_path):
    """A server with one encoder; its network and its address."""
    torch.manual_seed(7)
    network = timm.create_model("test_resnet", pretrained=False).eval()
    save_for_hf(network, tmp_path / "files", safe_serialization=True)

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(with_body=False)

        def do_GET(self):
            self.answer(with_body=True)

        def answer(self, with_body):
            name = self.path.split("?")[0].rsplit("/", 1)[-1]
            file = tmp_path / "files" / name
            if not self.path.startswith(f"/{REPOSITORY}/resolve/") or not file.exists():
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.end_headers()
                return
            content = file.read_bytes()
            self.send_response(200)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if with_body:
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield network, server
    server.shutdown()
    server.server_close()


def load(server, home, **environment):
    """Load the encoder in a process of its own; return what it printed."""
    paths = os.pathsep.join([str(p) for p in sys.path if p])
    known = {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}",
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": paths,
    }
    out = subprocess.run(
        [sys.executable, "-c", CHILD],
        env={**os.environ, **known, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=3 * PATIENCE,
    )
    return out.stdout.strip().splitlines()[-1]


def test_from_the_hub_then_offline_then_not_at_all(hub, tmp_path):
    network, server = hub
    image = torch.linspace(0, 1, 3 * 64 * 64).reshape(1, 3, 64, 64)
    with torch.inference_mode():
        expected = float(network.forward_features(image).sum())
    word, value = load(server, tmp_path / "home").split()
    assert word == "LOADED"
    assert float(value) == pytest.approx(expected, rel=1e-4)
    config = json.loads((tmp_path / "files" / "config.json").read_text())
    assert config["architecture"] == "test_resnet"

    server.shutdown()
    server.server_close()
    word, value = load(server, tmp_path / "home", HF_HUB_OFFLINE="1").split()
    assert word == "LOADED"
    assert float(value) == pytest.approx(expected, rel=1e-4)

    said = load(server, tmp_path / "nothing")
    assert said.startswith("REFUSED")
    assert "zoobot-test_resnet" in said
    assert "local-dir:PATH" in said
    assert "HF_HUB_OFFLINE" in said
