"""The stack as one thing: start, deploy, look, stop.

    with LocalStack() as stack:
        shop = stack.open_shop("main")
        stack.deploy(config_folder)
        ...

Runs inside the ``ministack`` virtual environment (see ``cli``). Everything
started is stopped at the end, also after an error, Ctrl-C or SIGTERM.
"""

import json
import os
import signal
from pathlib import Path

from . import deploy, paths, run
from .config import Config
from .console import Failure, step
from .gate import Gate
from .ministack import REGION, MiniStack
from .provider import Provider
from .shop import Shop
from .tryton import Tryton


class LocalStack:
    """AWS, an ERP, an identity provider and shops on this machine; ``with_erp=False`` for the
    user's own ERP and provider."""

    def __init__(self, port: int = 0, with_erp: bool = True):
        self.port, self.with_erp = port, with_erp
        self.shops: dict[str, Shop] = {}
        self.stores: list[str] = []
        self.outputs: dict[str, str] = {}

    def __enter__(self) -> "LocalStack":
        signal.signal(signal.SIGTERM, lambda *_: raise_exit())
        run.sweep()
        self.run = run.Run.create()
        try:
            with step("MiniStack and Tryton started" if self.with_erp else "MiniStack started"):
                self.start()
        except BaseException:
            self.run.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        if self.run.owner:
            self.run.stop()

    @property
    def folder(self) -> Path:
        """Logs and data of this run."""
        return self.run.folder

    def start(self) -> None:
        """Start all before waiting for any."""
        self.aws = MiniStack(self.folder, self.port)
        self.run.add(self.aws.process)
        self.gate = Gate(self.folder, self.aws.url)
        self.run.add(self.gate.process)
        self.tryton = self.provider = None
        if self.with_erp:
            self.tryton = Tryton(self.folder)
            self.run.add(self.tryton.process)
            self.provider = Provider(self.folder)
            self.run.add(self.provider.process)
            self.tryton.wait()
            self.provider.wait()
        self.aws.wait()

    def open_shop(self, name: str, config: dict | None = None) -> Shop:
        """Start a shop stand-in; ``config`` replaces keys of its defaults."""
        shop = Shop(self.folder, name, config)
        self.run.add(shop.process)
        shop.wait()
        self.shops[name] = shop
        return shop

    def restart_erp(self) -> None:
        """Start Tryton again after ``tryton.stop()``, and wait for it."""
        self.tryton.start()
        self.run.add(self.tryton.process)
        self.tryton.wait()

    def deploy(self, config_folder: Path, **parameters: str) -> dict[str, str]:
        """Deploy the template with a configuration and parameters; returns the stack's outputs and ApiUrl."""
        self.config = Config(config_folder)
        self.outputs = deploy.deploy(self.aws, self.gate, self.folder / "deploy", self.config, parameters)
        self.stores = list(self.config.stores)
        return self.outputs

    def summary(self) -> dict:
        """Addresses and names, as written to ``current.json``."""
        return {
            "run": self.folder.name,
            "folder": str(self.folder),
            "stores": self.stores,
            "config": str(self.config.folder.resolve()),
            "aws": {"url": self.aws.url, "pid": self.aws.process.pid, "region": REGION},
            "erp": self.tryton and {
                "url": self.tryton.url, "pid": self.tryton.process.pid,
                "database": self.tryton.database},
            "provider": self.provider and {"url": self.provider.url, "pid": self.provider.process.pid},
            "shops": {
                name: {"url": shop.url, "pid": shop.process.pid}
                for name, shop in self.shops.items()},
            "outputs": self.outputs,
        }

    def keep(self) -> None:
        """Let it run on after this program; ``down`` stops it."""
        draft = paths.CURRENT.with_suffix(".new")
        draft.write_text(json.dumps(self.summary(), indent=1))
        os.replace(draft, paths.CURRENT)
        self.run.release()


def raise_exit() -> None:
    """Turn a signal into an exception, so that ``with`` blocks clean up."""
    raise SystemExit(143)


def current() -> dict | None:
    """The stack that ``up`` keeps running; None when there is none any more."""
    try:
        summary = json.loads(paths.CURRENT.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Failure(f"{paths.CURRENT} is damaged; remove it after `make down`") from error
    return None if run.Run.load(paths.RUNS / summary["run"]).is_abandoned() else summary


def down() -> bool:
    """Stop the kept stack and what crashed runs left; says whether there was anything."""
    found = current()
    if found:
        run.Run.load(paths.RUNS / found["run"]).stop()
    paths.CURRENT.unlink(missing_ok=True)
    return bool(run.sweep()) or found is not None
