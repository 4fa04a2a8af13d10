"""A survey's run in processes of its own, which can be killed one by one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]

_VERB = "from napari_clumps.cli.main import main; main()"


def environment() -> dict[str, str]:
    """Return the environment of a child that takes the code from here."""
    paths = f"{ROOT}{os.pathsep}{ROOT / 'training'}"
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}


def survey(*words: object, **options) -> subprocess.Popen:
    """Start ``napari-clumps survey`` with these words, in a group of its own."""
    command = [sys.executable, "-c", _VERB, "survey", *map(str, words)]
    return subprocess.Popen(
        command,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def kill_all(process: subprocess.Popen) -> None:
    """Kill a process and all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Cluster:
    """A scheduler and workers in processes of their own, which come again."""

    def __init__(self, workers: int, folder: Path) -> None:
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self._log = (folder / "cluster.log").open("w")
        self._scheduler = self._start_scheduler()
        self._workers = [self._start_worker() for _ in range(workers)]

    def _run(self, *words: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", *words]
            if words[0] == self.address
            else [sys.executable, "-m", "distributed.cli.dask_scheduler", *words],
            env=environment(),
            start_new_session=True,
            stdout=self._log,
            stderr=self._log,
        )

    def _start_scheduler(self) -> subprocess.Popen:
        return self._run(
            "--port", str(self.port), "--no-dashboard", "--host", "127.0.0.1"
        )

    def _start_worker(self) -> subprocess.Popen:
        return self._run(
            self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard",
            "--death-timeout", "60", "--memory-limit", "0",
        )  # fmt: skip

    def mend(self) -> None:
        """Start what has ended."""
        if self._scheduler.poll() is not None:
            self._scheduler = self._start_scheduler()
        for k, worker in enumerate(self._workers):
            if worker.poll() is not None:
                self._workers[k] = self._start_worker()

    def kill_worker(self, k: int) -> None:
        """Kill a worker, whatever it does."""
        kill_all(self._workers[k % len(self._workers)])

    def kill_scheduler(self) -> None:
        """Kill the scheduler; workers that lose it end, too."""
        kill_all(self._scheduler)

    def close(self) -> None:
        """Kill all."""
        for process in (self._scheduler, *self._workers):
            kill_all(process)
        self._log.close()


def contents(dataset: Path) -> dict[str, bytes]:
    """Return the bytes of all files of the tables of a dataset, by their names."""
    tables = dataset / "tables"
    return {
        path.relative_to(tables).as_posix(): path.read_bytes()
        for path in sorted(tables.rglob("*"))
        if path.is_file()
    }
