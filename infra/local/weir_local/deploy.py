"""Deploy the real template: the same bytes that go to AWS, with this machine's programs."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import build, ministack, paths, tools
from .config import Config
from .console import Failure, step
from .gate import Gate

#: As in the section ``local`` of samconfig.toml, which says how the local stack differs.
STACK = "weir"
BUCKET = "weir-packages"


def assemble(folder: Path, config: Config) -> None:
    """Lay out what ``sam deploy`` takes: templates, and programs with their configuration."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy2(paths.ROOT / name, folder)
    (folder / "infra").mkdir()
    for file in paths.ROOT.glob("infra/*.yaml"):
        shutil.copy2(file, folder / "infra")
    for name in paths.functions():
        package = folder / "target" / "lambda" / name
        build.copy_stripped(name, package / "bootstrap")
        config.copy_to(package / "config")


def deploy(aws: ministack.MiniStack, gate: Gate, folder: Path, config: Config,
           parameters: dict[str, str]) -> dict[str, str]:
    """Store the secrets, deploy, wait until the webhook answers; returns the stack's outputs."""
    put_secrets(aws, config.secrets)
    assemble(folder, config)
    create_bucket(aws)
    with step("template deployed"):
        sam_deploy(aws, folder, {"WebhookBaseUrl": gate.url, **parameters})
    mend_event_sources(aws)
    outputs = read_outputs(aws)
    gate.lead_to(outputs["HttpApiId"])
    outputs |= {"ApiUrl": gate.url, "ConsoleUrl": f"{gate.url}/console"}
    wait_for_webhook(outputs["ApiUrl"], next(iter(config.stores)))
    return outputs


def put_secrets(aws: ministack.MiniStack, secrets: dict[str, dict]) -> None:
    """Create each secret, or give it a new value."""
    client = aws.client("secretsmanager")
    for name, value in secrets.items():
        text = json.dumps(value)
        try:
            client.create_secret(Name=name, SecretString=text)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=name, SecretString=text)


def create_bucket(aws: ministack.MiniStack) -> None:
    """The bucket that packages are uploaded to; creating it again is harmless."""
    aws.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": ministack.REGION})


def sam_deploy(aws: ministack.MiniStack, folder: Path, more: dict[str, str]) -> None:
    """Run ``sam deploy`` with more parameters; its output goes to a log beside the folder."""
    log = folder.parent / "sam-deploy.log"
    command = [tools.program("sam", "sam"), "deploy", "--config-env", "local", "--no-progressbar",
               "--parameter-overrides", *overrides(), *(f"{name}={value}" for name, value in more.items())]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder.parent),
        "LANG": "C.UTF-8",
        "SAM_CLI_TELEMETRY": "0",
        **ministack.credentials(aws.url),
    }
    with log.open("w") as output:
        done = subprocess.run(
            [str(part) for part in command], cwd=folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise Failure(f"sam deploy failed: {tools.last_line(log)} (log: {log})")


def overrides() -> list[str]:
    """The parameters of samconfig.toml's section ``local``: those of a command line replace them."""
    _, _, local = (paths.ROOT / "samconfig.toml").read_text().partition("[local.deploy.parameters]")
    return re.findall(r'^\s*"(\w+=[^"]*)",$', local, re.MULTILINE)


def mend_event_sources(aws: ministack.MiniStack) -> None:
    """Say each maximum concurrency again, as a number.

    MiniStack keeps a template parameter as text there, where AWS makes it a
    number, and its poller then stops at the comparison.
    """
    client = aws.client("lambda")
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        if limit := mapping.get("ScalingConfig", {}).get("MaximumConcurrency"):
            client.update_event_source_mapping(
                UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": int(limit)})


def read_outputs(aws: ministack.MiniStack) -> dict[str, str]:
    """The outputs of the deployed stack."""
    stack, = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {row["OutputKey"]: row["OutputValue"] for row in stack.get("Outputs", [])}


def wait_for_webhook(api_url: str, store: str, seconds: float = 60) -> None:
    """Send the unsigned ping that WooCommerce sends, until it is answered 200."""
    url = f"{api_url}/stores/{store}/webhooks/order.updated"
    deadline = time.monotonic() + seconds
    while (status := ping(url)) != 200:
        if time.monotonic() > deadline:
            raise Failure(f"the webhook function answers {status or 'nothing'} to a ping at {url}")
        time.sleep(0.1)


def ping(url: str) -> int:
    """The status of the answer; 0 when there is none."""
    request = urllib.request.Request(
        url, data=b"webhook_id=1",
        headers={"Content-Type": "application/x-www-form-urlencoded"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
