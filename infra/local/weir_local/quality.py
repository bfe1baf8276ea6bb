"""Checks of the templates, and the build of what is shipped."""

import os
import shutil
import subprocess
from pathlib import Path

from . import paths, tools
from .config import copy
from .console import Failure, say, step

TARGETS = {"x86_64": "--x86-64", "arm64": "--arm64"}


def lint() -> None:
    """cfn-lint, sam validate and the policy rules of checkov: no findings."""
    tools.ensure("lint", "sam")
    templates = [paths.ROOT / "template.yaml", *sorted(paths.ROOT.glob("infra/*.yaml"))]
    run("cfn-lint", [tools.program("lint", "cfn-lint"), *templates])
    run("sam validate", [
        tools.program("sam", "sam"), "validate", "--lint", "--region", "eu-central-1",
        "--template", templates[0]])
    files = [part for file in templates for part in ("--file", file)]
    run("checkov", [
        tools.program("lint", "checkov"), "--framework", "cloudformation", "--compact", "--quiet",
        "--skip-download", *files])


def run(name: str, command: list) -> None:
    """Run one check in the repository; its findings are its output."""
    environment = {**os.environ, "SAM_CLI_TELEMETRY": "0"}
    with step(name):
        done = subprocess.run(
            [str(part) for part in command], cwd=paths.ROOT, env=environment, check=False)
        if done.returncode:
            raise Failure(f"{name} has findings; they are above")


def package(architecture: str, config: Path | None) -> None:
    """Build the shipped profile into ``target/lambda``, with the configuration beside it."""
    if architecture not in TARGETS:
        raise Failure(f"--architecture is one of {', '.join(TARGETS)}, not {architecture!r}")
    if config and not config.is_dir():
        raise Failure(f"{config} is no folder; infra/example shows a configuration")
    tools.ensure("package")
    # cargo-lambda finds its linker (zig) through the Python beside it.
    environment = {
        **os.environ,
        "PATH": f"{tools.program('package', '')}{os.pathsep}{os.environ['PATH']}",
    }
    names = [part for name in paths.functions() for part in ("--package", name)]
    done = subprocess.run(
        ["cargo", "lambda", "build", "--release", "--locked", TARGETS[architecture], *names],
        cwd=paths.ROOT, env=environment, check=False)
    if done.returncode:
        raise Failure("cargo lambda build failed; its message is above")
    for name in paths.functions():
        finish_package(paths.ROOT / "target" / "lambda" / name, config)


def finish_package(folder: Path, config: Path | None) -> None:
    """Put the configuration beside the program and say how large it became."""
    shutil.rmtree(folder / "config", ignore_errors=True)
    if config:
        copy(config, folder / "config")
    size = (folder / "bootstrap").stat().st_size
    say(f"  {folder.relative_to(paths.ROOT)}/bootstrap: {size / 1e6:.1f} MB")
