"""A configuration folder: documents that travel with the functions, secrets that do not.

    stores/STORE.json   erps/ERP.json   mappings/*.json   console.json   secrets.local.json

``secrets.local.json`` maps the names that the documents use to the secrets'
JSON. It goes into the emulator's Secrets Manager and into no package.
"""

import json
import shutil
from pathlib import Path

from .console import Failure

#: What is copied beside each function's program.
DOCUMENTS = ("stores", "erps", "mappings")
#: Who may use the console; a folder without it has a console that nobody can sign in to.
CONSOLE = "console.json"
SECRETS = "secrets.local.json"


class Config:
    """A folder, read and checked as far as the local stack needs it.

    The documents' content is judged by ``make check``, by the code that reads
    them in production.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        if not folder.is_dir():
            raise Failure(f"{folder} is no folder; infra/example shows a configuration")
        self.stores = self.documents("stores")
        self.erps = self.documents("erps")
        if not self.stores or not self.erps:
            raise Failure(f"{folder} needs stores/*.json and erps/*.json; infra/example shows both")
        self.secrets = self.read_secrets()

    def documents(self, kind: str) -> dict[str, dict]:
        """Documents of a kind by file name without ``.json``."""
        return {file.stem: read(file) for file in sorted((self.folder / kind).glob("*.json"))}

    def read_secrets(self) -> dict[str, dict]:
        """The secrets, complete for every document."""
        file = self.folder / SECRETS
        if not file.exists():
            raise Failure(
                f"{file} is missing; copy infra/example/secrets.example.json there and fill it in")
        secrets = read(file)
        named = {f"{kind}/{name}.json": document for kind, documents in
                 (("stores", self.stores), ("erps", self.erps)) for name, document in documents.items()}
        if (self.folder / CONSOLE).exists():
            named[CONSOLE] = read(self.folder / CONSOLE)
        for name, document in named.items():
            wanted = document.get("secret")
            if wanted not in secrets:
                raise Failure(f"{file} has no entry {wanted!r}, which {name} names")
        return secrets

    def copy_to(self, target: Path) -> None:
        """Copy the documents, never the secrets."""
        copy(self.folder, target)


def copy(folder: Path, target: Path) -> None:
    """The documents of a configuration folder, and nothing else of it."""
    target.mkdir(parents=True, exist_ok=True)
    for kind in DOCUMENTS:
        if (folder / kind).is_dir():
            shutil.copytree(folder / kind, target / kind)
    if (folder / CONSOLE).exists():
        shutil.copy2(folder / CONSOLE, target)


def read(file: Path) -> dict:
    """A JSON document."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(f"{file}: {error}") from error
