"""The cancel token: what long work is asked."""

from __future__ import annotations

import threading

import pytest

from clump_detector.core.errors import Cancelled
from clump_detector.core.progress import CancelToken


def test_a_new_token_asks_for_nothing():
    token = CancelToken()
    token.check()
    assert not token.cancelled
    assert not token.stopping


def test_stop_lets_the_work_go_on_to_its_end():
    token = CancelToken()
    token.stop()
    token.check()
    assert token.stopping
    assert not token.cancelled


def test_cancel_ends_the_work_from_any_thread():
    token = CancelToken()
    thread = threading.Thread(target=token.cancel)
    thread.start()
    thread.join()
    with pytest.raises(Cancelled):
        token.check()
    assert not token.stopping
