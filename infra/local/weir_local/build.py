"""The programs of this repository, built for this machine in the dev profile."""

import shutil
import subprocess
from pathlib import Path

from . import paths
from .console import Failure, say, step


def build(*more: str) -> None:
    """``cargo build``, with cargo's own output.

    After ``cargo test`` pass ``--tests``: cargo then chooses the same features
    of the libraries, and only links.
    """
    if shutil.which("cargo") is None:
        raise Failure("cargo is not here; install Rust (rustup.rs), then run this again")
    say("Building the functions and the shop stand-in")
    with step("built"):
        done = subprocess.run(
            ["cargo", "build", "--workspace", "--bins", *more], cwd=paths.ROOT, check=False)
        if done.returncode:
            raise Failure("cargo build failed; its message is above")


def check_config(folder: Path) -> None:
    """Let the code that reads the documents in production judge them."""
    done = subprocess.run(
        ["cargo", "run", "--quiet", "--package", "weir-runtime", "--example", "check_config",
         "--", str(folder.resolve()), "local"],
        cwd=paths.ROOT, check=False)
    if done.returncode:
        raise Failure(f"{folder} has the problems above; nothing was started")


def copy_stripped(name: str, target: Path) -> None:
    """Copy a program without its debug information: a tenth of the bytes to upload."""
    binary = paths.BINARIES / name
    if not binary.exists():
        raise Failure(f"{binary} is missing; functions/{name} must build a program of that name")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(binary, target)
    if strip := shutil.which("strip"):
        subprocess.run([strip, str(target)], check=True)
