"""The ERP: a real Tryton with a seeded company, on a copy of a cached database."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from datetime import date
from pathlib import Path

from . import paths, process, tools
from .console import Failure, step

DATABASE = "erp"
SEED = paths.HERE / "seed"


class Tryton:
    """One Tryton server on 127.0.0.1 with a database of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.data = folder / "tryton"
        self.data.mkdir(parents=True, exist_ok=True)
        database, ids = seeded()
        shutil.copyfile(database, self.data / f"{DATABASE}.sqlite")
        #: Ids of what the seed made, by code: taxes, products, web_shops, ...
        self.ids = json.loads(ids.read_text())
        self.api_key = self.ids["api_key"]
        self.database = DATABASE
        self.port = process.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        """Start the server, also again after ``stop``: same port, same books."""
        self.process = process.start(
            "Tryton",
            [tools.program("tryton", "trytond"), "--database", DATABASE],
            self.folder / "tryton.log", environment(self.data, self.port), self.data)

    def stop(self) -> None:
        """Stop the server, as an outage would."""
        self.process.stop()

    def wait(self) -> None:
        """Wait until the REST API knows our key."""
        process.wait_until(self.is_ready, self.process)

    def is_ready(self) -> bool:
        """Whether the REST API answers."""
        try:
            return bool(self.get("web.shop", fields=["name"]))
        except OSError:
            return False

    def get(self, model: str, domain: list | None = None, fields: list | None = None) -> list:
        """Records of ``model``; for checks from outside, not how Weir does it."""
        from base64 import urlsafe_b64encode
        from urllib.parse import urlencode

        query = [("d", urlsafe_b64encode(json.dumps(domain or []).encode()))]
        query += [("f", name) for name in fields or ["rec_name"]]
        return self.call("GET", f"{model}?{urlencode(query)}")

    def post(self, path: str, record: dict) -> dict:
        """Make a record of a model, or press a button: what people do in the ERP."""
        return self.call("POST", path, record)

    def call(self, method: str, path: str, body: dict | None = None):
        """One request to the REST API."""
        request = urllib.request.Request(
            f"{self.url}/{DATABASE}/rest/model/{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


def environment(data: Path, port: int = 0) -> dict[str, str]:
    """What Tryton gets: its settings, and nothing of the user's."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(data),
        "LANG": "C.UTF-8",
        "TRYTOND_DATABASE__URI": "sqlite://",
        "TRYTOND_DATABASE__PATH": str(data),
        "TRYTOND_WEB__LISTEN": f"127.0.0.1:{port}",
    }


def seeded() -> tuple[Path, Path]:
    """The seeded database and its ids, from the cache or made now (about half a minute)."""
    key = cache_key()
    database, ids = (paths.CACHE / f"tryton-{key}.{kind}" for kind in ("sqlite", "json"))
    if not (database.exists() and ids.exists()):
        with step("Tryton's database made and seeded, once"):
            make(database, ids)
    return database, ids


def cache_key() -> str:
    """Changes with the seed, its data, Tryton's version, and the year (fiscal years)."""
    digest = hashlib.sha256(f"{date.today().year} {sys.version_info[:2]}".encode())
    for file in [*sorted(SEED.glob("*.*")), tools.requirements("tryton")]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def make(database: Path, ids: Path) -> None:
    """Seed in a folder of this process; move the results into the cache when whole."""
    draft = paths.CACHE / f"draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    log = paths.CACHE / "tryton-seed.log"
    with log.open("w") as output:
        done = subprocess.run(
            [tools.python_of("tryton"), SEED / "tryton_seed.py", draft, DATABASE, draft / "ids.json"],
            env=environment(draft), stdout=output, stderr=output, check=False)
    if done.returncode:
        raise Failure(f"seeding Tryton failed: {tools.last_line(log)} (log: {log})")
    for old in paths.CACHE.glob("tryton-*.sqlite"):
        old.unlink(missing_ok=True)
        old.with_suffix(".json").unlink(missing_ok=True)
    os.replace(draft / f"{DATABASE}.sqlite", database)
    os.replace(draft / "ids.json", ids)
    shutil.rmtree(draft)
