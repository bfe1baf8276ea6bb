"""The shop: our WooCommerce stand-in, a real HTTP server."""

import json
import os
from pathlib import Path

from . import paths, process


class Shop:
    """One stand-in on 127.0.0.1. ``config`` replaces top-level keys of its defaults."""

    def __init__(self, folder: Path, name: str, config: dict | None = None):
        self.name = name
        self.ready_file = folder / f"shop-{name}.json"
        self.process = process.start(
            f"shop {name}", command(folder, name, self.ready_file, config),
            folder / f"shop-{name}.log", environment(folder), folder)
        self.url = self.consumer_key = self.consumer_secret = ""

    def wait(self) -> None:
        """Wait until it has said where it listens and which key it takes."""
        process.wait_until(self.ready_file.exists, self.process)
        ready = json.loads(self.ready_file.read_text())
        self.url = ready["url"]
        self.consumer_key, self.consumer_secret = ready["consumer_key"], ready["consumer_secret"]


def command(folder: Path, name: str, ready_file: Path, config: dict | None) -> list:
    """The stand-in's command line."""
    line = [paths.BINARIES / "shop-standin", "--listen", "127.0.0.1:0", "--ready-file", ready_file]
    if config is not None:
        file = folder / f"shop-{name}.config.json"
        file.write_text(json.dumps(config, indent=1))
        line += ["--config", file]
    return line


def environment(folder: Path) -> dict[str, str]:
    """What it gets: nothing of the user's."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8"}
