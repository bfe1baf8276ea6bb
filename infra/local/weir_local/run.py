"""One run of the stack: its folder, and the list of its processes on disk.

The list is written before anything can go wrong with a process, so that the
next command finds and stops what a crash, or a kill -9, left behind.
"""

import json
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path

from . import paths, process
from .process import Process

#: Runs whose logs stay for a look afterwards.
KEPT = 5
#: Large, and of no use once the run is over.
BULK = ("tmp", "state", "s3", "deploy", "tryton")


class Run:
    """A folder under ``.local/run`` and the processes that belong to it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.file = folder / "processes.json"
        self.processes: list[Process] = []
        #: The process that stops this run; None once it is meant to stay.
        self.owner: Process | None = None

    @classmethod
    def create(cls) -> "Run":
        """A new run that belongs to this process."""
        name = time.strftime("%Y%m%d-%H%M%S") + f"-{os.getpid()}"
        run = cls(paths.RUNS / name)
        run.folder.mkdir(parents=True)
        run.owner = Process("owner", os.getpid(), process.start_time(os.getpid()), "")
        run.write()
        return run

    @classmethod
    def load(cls, folder: Path) -> "Run":
        """A run as its file says; an unreadable file is a run without processes."""
        run = cls(folder)
        try:
            data = json.loads(run.file.read_text())
        except (OSError, ValueError):
            return run
        run.processes = [Process(**row) for row in data["processes"]]
        run.owner = Process(**data["owner"]) if data["owner"] else None
        return run

    def add(self, item: Process) -> None:
        """Remember a process that was started, or started again."""
        self.processes = [known for known in self.processes if known.alive()] + [item]
        self.write()

    def release(self) -> None:
        """Let the run outlive this process."""
        self.owner = None
        self.write()

    def write(self) -> None:
        """Replace the file in one piece."""
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps({
            "owner": asdict(self.owner) if self.owner else None,
            "processes": [asdict(item) for item in self.processes],
        }, indent=1))
        os.replace(draft, self.file)

    def is_abandoned(self) -> bool:
        """Whether nobody will stop it: its owner died, or all it kept has ended."""
        if self.owner:
            return not self.owner.alive()
        return not any(item.alive() for item in self.processes)

    def stop(self) -> None:
        """Stop its processes, the last started first, and drop what is large."""
        for item in reversed(self.processes):
            item.stop()
        self.processes = []
        for part in BULK:
            shutil.rmtree(self.folder / part, ignore_errors=True)
        if self.folder.is_dir():
            self.write()


def sweep() -> int:
    """Stop what crashed runs left, and keep the logs of the last few only.

    Returns how many processes it stopped.
    """
    over, stopped = [], 0
    for folder in sorted(path for path in paths.RUNS.glob("*-*") if path.is_dir()):
        run = Run.load(folder)
        if run.is_abandoned():
            stopped += sum(item.alive() for item in run.processes)
            run.stop()
            over.append(folder)
    for folder in over[:-KEPT]:
        shutil.rmtree(folder, ignore_errors=True)
    return stopped
