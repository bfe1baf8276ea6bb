"""Every test: cargo's with a live ERP and an emulator beside them, then end to end."""

import json
import os
import subprocess
import sys

from . import build, ministack, paths
from .console import Failure, say, step
from .stack import LocalStack


def test() -> None:
    """Run them all; the first group that fails ends the run."""
    with LocalStack() as stack:
        cargo_test(stack)
    build.build("--tests")
    say("End to end: the deployed template, a real ERP, a shop with bad habits")
    with step("end to end"):
        run("the end-to-end tests", [
            # Processes are known by their pid here, not by Python's object.
            sys.executable, "-W", "ignore::ResourceWarning", "-m", "unittest", "discover", "--verbose",
            "--start-directory", paths.ROOT / "tests" / "end_to_end"], os.environ)


def cargo_test(stack: LocalStack) -> None:
    """Unit, contract and property tests, and those that need a Tryton or a DynamoDB."""
    coordinates = stack.folder / "tryton.json"
    coordinates.write_text(json.dumps({**stack.tryton.ids, "url": stack.tryton.url}))
    environment = {
        **os.environ,
        **ministack.credentials(stack.aws.url),
        "WEIR_AWS_ENDPOINT": stack.aws.url,
        "WEIR_TRYTON": str(coordinates),
    }
    # The live tests share one SQLite: more than a few at once only queue there.
    run("cargo test", ["cargo", "test", "--workspace", "--no-fail-fast"], environment)


def run(name: str, command: list, environment) -> None:
    """Run one group in the repository; its output is the report."""
    done = subprocess.run(
        [str(part) for part in command], cwd=paths.ROOT, env=environment, check=False)
    if done.returncode:
        raise Failure(f"{name} failed; the report is above")
