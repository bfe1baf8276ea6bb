"""AWS on this machine: MiniStack, with an environment and folders of its own."""

import json
import os
import urllib.request
from pathlib import Path

from . import process, tools

REGION = "eu-central-1"


class MiniStack:
    """One MiniStack on 127.0.0.1; functions that it runs inherit its environment."""

    def __init__(self, folder: Path, port: int = 0):
        self.port = process.free_port(port)
        self.url = f"http://127.0.0.1:{self.port}"
        for part in ("tmp", "state", "s3"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self.process = process.start(
            "MiniStack", [tools.python_of("ministack"), "-m", "ministack"],
            folder / "ministack.log", self.environment(folder), folder)

    def environment(self, folder: Path) -> dict[str, str]:
        """Everything it gets, and nothing of the user's: no credentials, no proxy."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "TMPDIR": str(folder / "tmp"),
            "STATE_DIR": str(folder / "state"),
            "S3_DATA_DIR": str(folder / "s3"),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            # It would open a second port, on all interfaces.
            "IOT_MTLS_ENABLED": "0",
            # It would look for containers of its own on the user's Docker.
            "DOCKER_HOST": "unix:///nonexistent",
            "MINISTACK_REGION": REGION,
            **credentials(self.url),
        }

    def wait(self) -> None:
        """Wait until it answers."""
        process.wait_until(self.is_ready, self.process)

    def is_ready(self) -> bool:
        """Whether its own health page answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5) as answer:
                return bool(json.load(answer))
        except OSError:
            return False

    def function_pids(self) -> list[int]:
        """Processes of Lambda functions at this moment (Linux only)."""
        code = f"/ministack-provided-code-{self.port}/"
        return [
            int(entry.name) for entry in Path("/proc").glob("[0-9]*")
            if code in command_line(entry)
        ]

    def client(self, service: str):
        """A boto3 client; needs the ``ministack`` environment."""
        import boto3

        return boto3.Session().client(
            service, endpoint_url=self.url, region_name=REGION,
            aws_access_key_id="test", aws_secret_access_key="test")


def command_line(entry: Path) -> str:
    """How a process was started; empty when it has just ended."""
    try:
        return (entry / "cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def credentials(url: str) -> dict[str, str]:
    """The variables that point any AWS client at the emulator and away from real accounts."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
