"""The Dask cluster that a survey runs on: this machine, a scheduler, or a queue's jobs.

A file (TOML) describes a cluster that makes its own jobs::

    kind = "slurm"            # or pbs, kubernetes
    jobs = 16
    [options]                 # of dask_jobqueue.SLURMCluster, PBSCluster, or of
    queue = "gpu"             # dask_kubernetes.operator.KubeCluster
    cores = 4
    processes = 4
    memory = "16GB"
    walltime = "04:00:00"
"""

from __future__ import annotations

import logging
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clump_detector.core.errors import ConfigError, from_os_error

if TYPE_CHECKING:
    from distributed import Client

KINDS = ("local", "slurm", "pbs", "kubernetes")

#: Seconds to wait for a scheduler.
_FOR_SCHEDULER = 15

_ENVIRONMENT = "distributed.nanny.pre-spawn-environ"

_EXTRA = "Install it with: pip install 'napari-clumps[survey]'."


@dataclass(frozen=True)
class ClusterChoice:
    """Which cluster a survey runs on.

    Attributes
    ----------
    kind : str
        One of `KINDS`, or "scheduler".
    address : str
        Of a scheduler that runs.
    jobs : int
        Workers on this machine, or jobs of the queue; 0 for one worker a processor.
    options : mapping
        What the class of the cluster is given besides.
    """

    kind: str = "local"
    address: str = ""
    jobs: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


def read_cluster(path: Path) -> ClusterChoice:
    """Return the cluster that a file describes.

    Raises
    ------
    ConfigError
        If a key or a kind is unknown.
    FileError
        If the file cannot be read.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise from_os_error(error, path, "read") from error
    except ValueError as error:
        raise ConfigError(f"this is not TOML ({error})", path, "Mend it.") from error
    unknown = sorted(content.keys() - {"kind", "jobs", "options"})
    if unknown:
        raise ConfigError(
            f"unknown key {unknown[0]!r}", path, "There are kind, jobs and [options]."
        )
    kind, jobs = content.get("kind", "local"), content.get("jobs", 1)
    if kind not in KINDS:
        raise ConfigError(
            f"unknown kind {kind!r}", path, f"Choose one of {', '.join(KINDS)}."
        )
    if not isinstance(jobs, int) or isinstance(jobs, bool) or jobs < 1:
        raise ConfigError(f"jobs = {jobs!r} is no number", path, "Give 1 or more.")
    options = content.get("options", {})
    if not isinstance(options, dict):
        raise ConfigError("options is no table", path, "Begin it with [options].")
    return ClusterChoice(kind, "", jobs, options)


@contextmanager
def connected(choice: ClusterChoice) -> Iterator[Client]:
    """Give a client of a cluster, which is closed with it at the end of the block.

    Raises
    ------
    ConfigError
        If Dask is not installed, the scheduler cannot be reached, or the cluster
        cannot be made.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError("a survey needs Dask", remedy=_EXTRA) from error
    # Dask logs each lost connection with its traceback; what is lost is said here.
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        if choice.kind == "scheduler":
            where: Any = choice.address
        else:
            where = stack.enter_context(_made(choice))
        try:
            client = stack.enter_context(Client(where, timeout=_FOR_SCHEDULER))
        except (OSError, TimeoutError, ValueError) as error:
            raise ConfigError(
                f"the scheduler {choice.address or where} cannot be reached",
                remedy="Is it running, and is the address right?",
            ) from error
        client.register_plugin(_own_signals(), name="napari-clumps-signals")
        yield client


def _own_signals() -> Any:
    """Return what makes workers leave Ctrl+C to the program that they work for.

    A terminal sends it to all processes, and they would end amid their batches.
    """
    from distributed import WorkerPlugin

    class LeavesSignals(WorkerPlugin):  # type: ignore[misc]
        def setup(self, worker: object) -> None:
            import signal
            from contextlib import suppress

            with suppress(ValueError):  # not the main thread: it gets none
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    return LeavesSignals()


def _made(choice: ClusterChoice) -> Any:
    """Return the cluster of a choice, with its jobs asked for."""
    try:
        if choice.kind == "local":
            return _local(choice)
        cluster = _class_of(choice.kind)(**choice.options)
        named = {} if choice.kind == "kubernetes" else {"jobs": choice.jobs}
        cluster.scale(**(named or {"n": choice.jobs}))
        return cluster
    except ImportError as error:
        raise ConfigError(
            f"clusters of the kind {choice.kind} need {error.name}", remedy=_EXTRA
        ) from error
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        raise ConfigError(
            f"the cluster of the kind {choice.kind} cannot be made: "
            f"{' '.join(str(error).split())[:300]}",
            remedy="Mend the options in the file of --cluster.",
        ) from error


def _local(choice: ClusterChoice) -> Any:
    """Return a cluster on this machine: each worker a process with one thread.

    Dask's own limits of memory are off: they would kill a worker for a large image,
    which then fails with a reason instead. The dashboard is on a port that is free.
    """
    import dask
    from distributed import LocalCluster

    options: dict[str, Any] = {
        "processes": True,
        "threads_per_worker": 1,
        "memory_limit": 0,
        "dashboard_address": "127.0.0.1:0",
        "silence_logs": 50,
    }
    with dask.config.set({_ENVIRONMENT: _environment()}):
        return LocalCluster(
            n_workers=choice.jobs or processors(),
            **options | dict(choice.options),
        )


def _environment() -> dict[str, object]:
    """Return the environment that Dask gives workers, without its setting of malloc.

    It gives every freed page back to the system at once, which costs a network, with
    its large arrays, half as much time again.
    """
    import dask

    usual = dask.config.get(_ENVIRONMENT, {})
    return {k: v for k, v in usual.items() if not k.startswith("MALLOC_")}


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _class_of(kind: str) -> Any:
    if kind == "kubernetes":
        from dask_kubernetes.operator import KubeCluster

        return KubeCluster
    from dask_jobqueue import PBSCluster, SLURMCluster

    return {"slurm": SLURMCluster, "pbs": PBSCluster}[kind]
