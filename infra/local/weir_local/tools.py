"""Virtual environments with locked packages, made once and again when the lock changes.

MiniStack and SAM pin different versions of the same library, so each tool has
an environment of its own. A mark that holds the hash of the lock is written
last: an environment without it, or with another, is made anew.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import paths
from .console import Failure, say

#: What the stack itself needs; ``lint`` and ``package`` are made when first used.
STACK = ("ministack", "tryton", "sam", "oidc")


def python_of(name: str) -> Path:
    """The interpreter of an environment."""
    return paths.VENVS / name / "bin" / "python"


def program(name: str, command: str) -> Path:
    """A program that an environment brought."""
    return paths.VENVS / name / "bin" / command


def ensure(*names: str) -> None:
    """Make the named environments unless they are complete."""
    if all(is_complete(name) for name in names):
        return
    if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        raise Failure(
            f"{sys.executable} cannot make virtual environments; "
            "install its venv package (Debian and Ubuntu: python3-venv)")
    paths.VENVS.mkdir(parents=True, exist_ok=True)
    with (paths.VENVS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [name for name in names if not is_complete(name)]
        if missing:
            say(f"Installing into .local/venv: {', '.join(missing)} (once; a minute or two)")
        with ThreadPoolExecutor() as pool:
            list(pool.map(install, missing))


def is_complete(name: str) -> bool:
    """Whether an environment holds exactly what its lock says."""
    mark = paths.VENVS / name / ".complete"
    return mark.is_file() and mark.read_text() == fingerprint(name)


def fingerprint(name: str) -> str:
    """Hash of the lock and of the interpreter that the environment is for."""
    return hashlib.sha256(
        requirements(name).read_bytes() + base_python().encode()).hexdigest()


def base_python() -> str:
    """Version and home of the Python below any virtual environment."""
    return f"{sys.version_info[:3]} {sys.base_prefix}"


def requirements(name: str) -> Path:
    """The lock of an environment."""
    return paths.HERE / "requirements" / f"{name}.txt"


def install(name: str) -> None:
    """Make one environment; its output goes to a log."""
    started = time.monotonic()
    folder = paths.VENVS / name
    shutil.rmtree(folder, ignore_errors=True)
    log = paths.VENVS / f"{name}.log"
    base = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info[1]}")
    commands = [
        [base if os.path.exists(base) else sys.executable, "-m", "venv", folder],
        # Wheels only: nobody should need a C compiler and headers for this.
        [python_of(name), "-m", "pip", "install", "--quiet", "--no-input",
         "--disable-pip-version-check", "--only-binary", ":all:",
         "--requirement", requirements(name)],
    ]
    with log.open("w") as output:
        for command in commands:
            done = subprocess.run(
                [str(part) for part in command], stdout=output, stderr=output, check=False)
            if done.returncode:
                raise Failure(f"installing {name} failed: {last_line(log)} (log: {log})")
    (folder / ".complete").write_text(fingerprint(name))
    say(f"  {name} ({time.monotonic() - started:.0f} s)")


def last_line(log: Path) -> str:
    """Why it failed, mostly."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"


def enter(name: str, arguments: list[str]) -> None:
    """Run this program again inside an environment, unless we are there already."""
    inside = python_of(name)
    if Path(sys.prefix).resolve() == inside.parent.parent.resolve():
        return
    script = paths.HERE / "weir.py"
    os.execv(inside, [str(inside), str(script), *arguments])
