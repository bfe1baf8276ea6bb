"""The console and the doctor on this machine: the program that is deployed, with your credentials.

Beside the stack that ``make up`` keeps running they use that one; else AWS, as every AWS tool
finds credentials and a region.
"""

import os
import subprocess
from pathlib import Path

from . import build, ministack, paths
from .console import Failure, say
from .stack import current

#: What the template gives the console's function, by the output of the stack that says it.
FROM_OUTPUTS = {
    "LEDGER_TABLE": "LedgerTable",
    "STOCK_TABLE": "StockTable",
    "ORDERS_QUEUE_URL": "OrdersQueueUrl",
    "ORDERS_DEAD_LETTERS_URL": "OrdersDeadLetterQueueUrl",
    "STOCK_QUEUE_URL": "StockQueueUrl",
    "STOCK_DEAD_LETTERS_URL": "StockDeadLetterQueueUrl",
    "FULFILMENT_QUEUE_URL": "FulfilmentQueueUrl",
    "FULFILMENT_DEAD_LETTERS_URL": "FulfilmentDeadLetterQueueUrl",
    "TICKS_DEAD_LETTERS_URL": "TicksDeadLetterQueueUrl",
}
PROGRAM = "console"


def console(config: Path | None, stack: str) -> None:
    """Serve the console to whoever sits at this machine, until Ctrl-C."""
    build.build()
    run([], environment(config, stack))


def doctor(config: Path | None, stack: str) -> None:
    """Check the shops and ERPs of a configuration before they go live; nothing has to be deployed."""
    build.build()
    summary = current()
    if summary:
        variables = environment(config, stack)
    else:
        variables = os.environ | {"WEIR_PROFILE": "aws", "WEIR_CONFIG_DIR": str(documents(config))}
        try:
            variables["LEDGER_TABLE"] = outputs_in_aws(stack)["LedgerTable"]
        except (Failure, KeyError) as error:
            say(f"Without the mappings that people added, which are in the ledger ({error})")
    run(["doctor"], variables)


def environment(config: Path | None, stack: str) -> dict[str, str]:
    """What the program needs: where everything is, and whose documents."""
    summary = current()
    if summary:
        outputs, own = summary["outputs"], ministack.credentials(summary["aws"]["url"]) | {"WEIR_PROFILE": "local"}
        config = config or Path(summary["config"])
        say(f"Beside the local stack of {summary['folder']}")
    else:
        documents(config)
        outputs, own = outputs_in_aws(stack), {"WEIR_PROFILE": "aws"}
        say(f"In AWS, the stack {stack}")
    missing = [output for output in FROM_OUTPUTS.values() if output not in outputs]
    if missing:
        raise Failure(f"the stack has no output {', '.join(missing)}; deploy this version first")
    return os.environ | own | {
        "WEIR_CONFIG_DIR": str(documents(config)),
        **{variable: outputs[output] for variable, output in FROM_OUTPUTS.items()},
    }


def documents(config: Path | None) -> Path:
    """The configuration folder that was named, in full."""
    if not config:
        raise Failure("name your shops and ERPs: CONFIG=dir; or start the local stack first: make up")
    if not config.is_dir():
        raise Failure(f"{config} is no folder; infra/example shows a configuration")
    return config.resolve()


def outputs_in_aws(stack: str) -> dict[str, str]:
    """The outputs of the deployed stack, read with the user's credentials."""
    import boto3
    import botocore.exceptions

    try:
        found, = boto3.Session().client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except botocore.exceptions.NoRegionError as error:
        raise Failure("no region; set AWS_REGION, or a profile with AWS_PROFILE") from error
    except botocore.exceptions.NoCredentialsError as error:
        raise Failure("no AWS credentials; sign in first, as for any AWS tool, or start the local "
                      "stack with `make up`") from error
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise Failure(f"the stack {stack} cannot be read: {error}") from error
    return {row["OutputKey"]: row["OutputValue"] for row in found.get("Outputs", [])}


def run(arguments: list[str], variables: dict[str, str]) -> None:
    """Run the program in the foreground; what it says is for the user."""
    done = subprocess.run([paths.BINARIES / PROGRAM, *arguments], env=variables, check=False)
    if done.returncode:
        raise Failure(f"{' '.join([PROGRAM, *arguments])} ended with {done.returncode}; why is above")
