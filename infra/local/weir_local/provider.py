"""The identity provider that operators sign in with: a small one, which asks for no password."""

import json
import os
import urllib.request
from pathlib import Path

from . import process, tools

#: Who may sign in: people of ours who do not exist. The claim ``groups`` is what ``console.json``
#: makes a role of; the last one has a right to nothing.
READER, OPERATOR, STRANGER = "reader@example.com", "operator@example.com", "stranger@example.com"
USERS = {READER: ["weir-read"], OPERATOR: ["weir-act"], STRANGER: ["sales"]}


class Provider:
    """One OpenID provider on 127.0.0.1; it takes any client and any of ``USERS``."""

    def __init__(self, folder: Path):
        self.port = process.free_port()
        #: The issuer, as it says itself in its tokens.
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = process.start(
            "the identity provider", command(self.port), folder / "provider.log", environment(folder), folder)

    def wait(self) -> None:
        """Wait until it describes itself."""
        process.wait_until(self.is_ready, self.process)

    def is_ready(self) -> bool:
        """Whether its discovery document can be had."""
        try:
            with urllib.request.urlopen(f"{self.url}/.well-known/openid-configuration", timeout=5) as answer:
                return json.load(answer)["issuer"] == self.url
        except OSError:
            return False


def command(port: int) -> list:
    """Its command line; each user is a button on its page."""
    line = [tools.program("oidc", "oidc-provider-mock"), "--host", "127.0.0.1", "--port", port, "--require-nonce"]
    for user, groups in USERS.items():
        claims = {"sub": user, "email": user, "email_verified": True, "groups": groups}
        line += ["--user-claims", json.dumps(claims)]
    return line


def environment(folder: Path) -> dict[str, str]:
    """What it gets: nothing of the user's."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8", "NO_COLOR": "1"}
