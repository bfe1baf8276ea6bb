"""Stock in the demo and the end-to-end tests: signed events, what the shop shows, and why."""

import json
import time
import urllib.error
from decimal import Decimal

from .console import Failure
from .demo_config import ENTITY
from .scene import Scene
from .shelves import Shelves


class StockScene:
    """The stock side of a deployed stack."""

    def __init__(self, weir: Scene):
        self.weir, self.stack = weir, weir.stack
        self.shelves = Shelves(weir.stack.tryton)
        self.table = weir.stack.outputs["StockTable"]

    # ---------------------------------------------------------------- events

    def event(self, *skus: str, source: str = "erp", location: str = "") -> None:
        """An event of the ERP, the WMS or the POS: these items moved."""
        data = {"entity": ENTITY, "skus": list(skus)} | ({"location": location} if location else {})
        self.weir.event("stock.changed", data, source)

    def sync(self) -> None:
        """The schedule of inventory-sync, brought forward."""
        self.weir.invoke("inventory-sync")

    # -------------------------------------------------------------- the shop

    def shown(self, sku: str) -> Decimal:
        """What the shop shows of an item."""
        shown = self.weir.control("GET", "state")["stock"][sku]
        return Decimal(str(shown))

    def until_shown(self, wanted: dict[str, int], seconds: float = 60, since: float | None = None) -> float:
        """Wait until the shop shows this; returns how long it took since then, or now, in seconds."""
        began = time.monotonic() if since is None else since
        while True:
            shown = {sku: self.shown(sku) for sku in wanted}
            if shown == wanted:
                return time.monotonic() - began
            if time.monotonic() - began > seconds:
                raise Failure(f"after {seconds:.0f} s the shop shows {shown}, not {wanted}")
            time.sleep(0.05)  # Not for luck: the interval between two looks.

    def until_settled(self, wanted: dict[str, int], seconds: float = 120) -> None:
        """Wait until everything that was said is worked off, and the shop shows this *then*.

        An event is in the queue before it is answered, and whatever has to be looked at again
        is sent before the message that found it out is deleted. So a later wrong write, too,
        would be seen here.
        """
        queue = self.stack.outputs["StockQueueUrl"]
        deadline = time.monotonic() + seconds
        while True:
            waiting = self.weir.depth(queue)
            shown = {sku: self.shown(sku) for sku in wanted}
            if not waiting and shown == wanted:
                return
            if time.monotonic() > deadline:
                raise Failure(
                    f"after {seconds:.0f} s the shop shows {shown}, not {wanted}; {waiting} messages wait")
            time.sleep(0.05)  # Not for luck: the interval between two looks.

    def buy(self, sku: str, quantity: int = 1) -> bool:
        """A customer checks out; False when the shop has too few."""
        try:
            self.weir.buy({sku: quantity}, in_stock=True)
        except urllib.error.HTTPError as refused:
            if refused.code != 409:
                raise
            return False
        return True

    # ------------------------------------------------------------------ Weir

    def explained(self, sku: str, store: str) -> dict:
        """The publication of an item: what the shop shows, and why."""
        answer = self.weir.dynamo.get_item(
            TableName=self.table, ConsistentRead=True,
            Key={"pk": {"S": f"ITEM#{ENTITY}#{sku}"}, "sk": {"S": f"SHOP#{store}"}})
        return json.loads(answer["Item"]["publication"]["S"]) if "Item" in answer else {}


def why(publication: dict) -> str:
    """In words: ERP 5 − unseen 1 − safety 1 = 3."""
    reached = publication.get("reached")
    if not reached:
        return publication.get("standing", {}).get("standing", "never published")
    because = reached["why"]
    terms = because["terms"]
    text = f"ERP {number(because['available'])} − unseen {number(because['unseen'])}"
    text += f" − safety {number(terms['safety'])}"
    if terms["cap"] is not None:
        text += f", at most {number(terms['cap'])}"
    return f"{text} = {number(because['target'])}"


def number(text: str) -> str:
    """A decimal without zeros that say nothing."""
    return f"{Decimal(text).normalize():f}"
