"""A shop with a day's troubles, and an operator in a real browser who puts them right.

``walk.py`` is the operator; the pictures are those of the README.
"""

import json
import subprocess

from . import build, demo_config, paths, tools
from .console import Failure, say, step
from .demo import MORNING, OUTAGE
from .demo_config import STORE
from .scene import SETTLED, Scene
from .stack import LocalStack
from .stock_scene import StockScene
from .warehouse import Warehouse

FOLDER = paths.ROOT / "docs" / "images"
UNMAPPED = 14


def take() -> None:
    """Play, walk, and write the pictures."""
    tools.ensure("screenshots")
    build.build()
    with LocalStack() as stack:
        stack.open_shop(STORE)
        # Whatever hour it is here, the night's match has begun.
        stack.deploy(demo_config.write(stack), NightlyHour="0")
        weir = Scene(stack)
        placed = weir.place(*MORNING)
        unmapped = weir.place("unmapped_sku", count=UNMAPPED, seed=6)
        with step(f"{len(placed)} orders, and {UNMAPPED} of something that the ERP has never heard of"):
            weir.until([*placed, *unmapped], SETTLED, 180)
        with step("the stock read and published"):
            stock = StockScene(weir)
            stock.sync()
            stock.event("LAMP-1")
            weir.wait_without_ticks(lambda: "stock messages wait" if weir.depth(
                stack.outputs["StockQueueUrl"]) else "", 180)
            weir.buy({"LAMP-1": 2})
        trouble(weir, placed)
        stack.tryton.stop()
        during = weir.place("card", count=OUTAGE, seed=5)
        with step(f"the ERP is down; {OUTAGE} orders wait"):
            weir.until(during, {"waiting"}, 90)
        walk(stack, "outage")
        stack.restart_erp()
        with step("the ERP is back"):
            weir.until(during, {"in ERP"}, 240)
        walk(stack, "desk")
        with step("the release: its orders are in the ERP"):
            weir.until(unmapped, {"in ERP"}, 180)
        walk(stack, "rest")


def trouble(weir: Scene, placed: list[dict]) -> None:
    """Somebody cancels a sale in the ERP, and a message is worked on in vain."""
    reserved = placed[MORNING.index("bank_transfer")]
    warehouse = Warehouse(weir.stack.tryton, STORE)
    warehouse.press("sale.sale", warehouse.sale(reserved), "cancel")
    weir.changed(reserved, kind="order.changed")
    with step("a sale is cancelled in the ERP"):
        weir.until([reserved], {"exception"}, 60)
    hint = {"v": 1, "store": STORE, "order": placed[0]["id"], "received_at": "2026-01-01T00:00:00Z",
            "cause": "webhook", "correlation": "a-dead-letter"}
    weir.stack.aws.client("sqs").send_message(
        QueueUrl=weir.stack.outputs["OrdersDeadLetterQueueUrl"], MessageBody=json.dumps(hint))


def walk(stack: LocalStack, part: str) -> None:
    """One part of the operator's day."""
    say(f"In the browser: {part}")
    done = subprocess.run(
        [tools.python_of("screenshots"), paths.HERE / "walk.py", stack.outputs["ConsoleUrl"], FOLDER, part],
        check=False)
    if done.returncode:
        raise Failure(f"the walk through the console ended early in {part}; why is above")
