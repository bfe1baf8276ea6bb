"""Commands of ``weir.py``; the Makefile is how people call them."""

import argparse
from pathlib import Path

from . import bench, bench_console, build, checks, demo, demo_config, operate, quality, screenshots, tools
from .config import Config
from .console import Failure, say, warn
from .provider import OPERATOR, READER
from .stack import LocalStack, current, down

#: Commands that need boto3, and so run inside the ``ministack`` environment.
INSIDE = {"bench-console", "console", "demo", "doctor", "screenshots", "test", "up"}


def main(arguments: list[str]) -> int:
    """Run one command; a failure that the user can mend is one line."""
    try:
        options = parser().parse_args(arguments)
        if options.command in INSIDE:
            tools.ensure(*tools.STACK)
            tools.enter("ministack", arguments)
        options.run(options)
        return 0
    except Failure as failure:
        warn(str(failure))
        return 1
    except KeyboardInterrupt:
        warn("stopped")
        return 130


def parser() -> argparse.ArgumentParser:
    """One sub-command for each task."""
    top = argparse.ArgumentParser(prog="weir.py", description="Weir's local stack.")
    commands = top.add_subparsers(dest="command", required=True)

    def command(name: str, run, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    command("demo", lambda _: demo.play(), "Play a short Saturday.")
    command("screenshots", lambda _: screenshots.take(), "An operator in a real browser; the README's pictures.")
    command("test", lambda _: checks.test(), "Every test.")
    command("tools", run_tools, "Install MiniStack, SAM and Tryton into .local.")
    up = command("up", run_up, "Start the stack and keep it running.")
    up.add_argument("--config", type=Path, help="your shops and ERPs; without it, the demo's")
    up.add_argument("--port", type=int, default=0, help="port of the emulated AWS; any free one")
    command("down", run_down, "Stop the stack that `up` started, and crashed ones.")
    command("status", run_status, "Show what runs, and where.")
    command("lint", lambda _: quality.lint(), "Check the templates.")
    command("bench", lambda _: bench.bench(), "Measure the shipped functions.")
    large = command("bench-console", run_bench_console, "Measure the console over a large ledger.")
    large.add_argument("--orders", type=int, default=bench_console.ORDERS)
    for name, run, text in (
            ("console", operate.console, "Serve the console on this machine."),
            ("doctor", operate.doctor, "Check shops and ERPs before they go live.")):
        here = command(name, lambda options, run=run: run(options.config, options.stack), text)
        here.add_argument("--config", type=Path, help="your shops and ERPs")
        here.add_argument("--stack", default="weir", help="the deployed stack")
    package = command("package", run_package, "Build the shipped functions.")
    package.add_argument("--architecture", default="x86_64")
    package.add_argument("--config", type=Path)
    return top


def run_tools(_) -> None:
    """Make the environments of the stack."""
    tools.ensure(*tools.STACK)


def run_up(options) -> None:
    """Start with the user's configuration, or with a shop and an ERP of our own."""
    if current():
        raise Failure("the local stack runs already; `make down` stops it")
    if options.config:
        Config(options.config)
        build.check_config(options.config)
    build.build()
    with LocalStack(options.port, with_erp=not options.config) as stack:
        folder = options.config
        if not folder:
            stack.open_shop("main")
            folder = demo_config.write(stack)
        stack.deploy(folder)
        stack.keep()
    show(stack.summary())
    say("Stop it with `make down`.")


def run_bench_console(options) -> None:
    """Page times over so many orders."""
    bench_console.bench(options.orders)


def run_down(_) -> None:
    """Stop by process id."""
    say("stopped" if down() else "nothing was running")


def run_status(_) -> None:
    """Print addresses, or that nothing runs."""
    summary = current()
    if summary:
        show(summary)
    else:
        say("nothing is running; `make up` starts the local stack")


def run_package(options) -> None:
    """Build what `sam deploy` takes to AWS."""
    quality.package(options.architecture, options.config)


def show(summary: dict) -> None:
    """Where everything is."""
    say("")
    for store in sorted(summary["stores"]):
        say(f"Webhooks of {store}: {summary['outputs']['ApiUrl']}/stores/{store}/webhooks/order.updated")
    for name, shop in summary["shops"].items():
        say(f"Shop {name}:        {shop['url']}")
    if summary["erp"]:
        say(f"Tryton:           {summary['erp']['url']}/{summary['erp']['database']}")
    say(f"Console:          {summary['outputs']['ConsoleUrl']}")
    if summary["provider"]:
        say(f"  sign in as {OPERATOR}, who may act, or {READER}, who may look; no password")
    say(f"AWS:              {summary['aws']['url']} (export AWS_ENDPOINT_URL)")
    say(f"Logs:             {summary['folder']}")


