"""Child processes: started in a group of their own, known by pid, always stopped.

A process is remembered as (pid, start time): a pid alone may belong to a
stranger after a crash or a reboot.
"""

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .console import Failure

#: Seconds that a process gets between SIGTERM and SIGKILL.
GRACE_S = 10


@dataclass(frozen=True)
class Process:
    """A running process of ours, as written to a run's state file."""

    name: str
    pid: int
    #: As the system prints it; compared, never parsed.
    started: str
    log: str

    def alive(self) -> bool:
        """Whether this very process (not a later one with its pid) still runs."""
        return bool(self.started) and start_time(self.pid) == self.started

    def stop(self) -> None:
        """SIGTERM, then SIGKILL for what is left of its group."""
        if not self.alive():
            return
        signal_group(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        while self.alive() and time.monotonic() < deadline:
            reap(self.pid)
            time.sleep(0.02)
        # Also what the process left behind: it leads the group of its children.
        signal_group(self.pid, signal.SIGKILL)
        reap(self.pid)

    def last_words(self) -> str:
        """The last line of its log, for an error message."""
        text = Path(self.log).read_text(encoding="utf-8", errors="replace").strip()
        return text.splitlines()[-1] if text else "it printed nothing"


def start(name: str, command: list, log: Path, env: dict, cwd: Path | None = None) -> Process:
    """Start ``command`` in the background with exactly ``env``; output goes to ``log``."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(part) for part in command], env=env, cwd=cwd,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True)
    return Process(name, child.pid, start_time(child.pid), str(log))


def wait_until(ready, process: Process, seconds: float = 60) -> None:
    """Poll ``ready()`` until it is true; fail when the process ends or time is up."""
    deadline = time.monotonic() + seconds
    while not ready():
        reap(process.pid)
        if not process.alive():
            raise Failure(f"{process.name} stopped at once: {process.last_words()} (log: {process.log})")
        if time.monotonic() > deadline:
            raise Failure(f"{process.name} was not ready after {seconds:.0f} s (log: {process.log})")
        time.sleep(0.05)


def start_time(pid: int) -> str:
    """When the process started; empty when there is none (or only its zombie)."""
    if Path("/proc/self/stat").exists():
        return start_time_of_linux(pid)
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False)
    state, _, started = shown.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def start_time_of_linux(pid: int) -> str:
    """Clock ticks after boot; the name in the line may itself hold spaces and brackets."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = line.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def signal_group(pid: int, number: int) -> None:
    """Signal a process group led by ``pid``; it may be gone already."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def reap(pid: int) -> None:
    """Collect a child that has ended; another run's process is not our child."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def free_port(wanted: int = 0) -> int:
    """``wanted`` if it is free on 127.0.0.1, or any free port for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise Failure(f"port {wanted} is in use; name another with --port, or none") from error
        return probe.getsockname()[1]
