"""The way back in the demo and the end-to-end tests: what people do in the ERP's warehouse, and
what the shop shows of it."""

from decimal import Decimal

from .scene import Scene, amount
from .warehouse import Warehouse


class DeliveryScene:
    """Parcels and returns of one shop's orders."""

    def __init__(self, weir: Scene):
        self.weir = weir
        self.warehouse = Warehouse(weir.stack.tryton, weir.store)

    # -------------------------------------------------------------- the shop

    def shown(self, order: dict) -> dict:
        """The order as the shop's REST API shows it now."""
        return self.weir.rest("GET", f"orders/{order['id']}")

    def status(self, order: dict) -> str:
        """Where the shop says that the order is."""
        return self.shown(order)["status"]

    def entries(self, order: dict) -> list[dict]:
        """Parcels in the order's metadata, one entry each, in the order they were shown."""
        return [entry["value"] for entry in self.shown(order)["meta_data"]
                if entry["key"].startswith("_weir_parcel_")]

    def parcels(self, order: dict) -> list[str]:
        """The tracking numbers of these."""
        return [entry["tracking"] for entry in self.entries(order)]

    def notes(self, order: dict) -> list[str]:
        """What Weir's notes of the order say, the oldest first."""
        notes = self.weir.rest("GET", f"orders/{order['id']}/notes")
        said = [note for note in notes if note["note"].startswith("Sent on")]
        return [note["note"] for note in sorted(said, key=lambda note: note["id"])]

    def refunds(self, order: dict) -> list[dict]:
        """The order's refunds, the oldest first."""
        found = self.weir.rest("GET", f"orders/{order['id']}/refunds")
        return sorted(found, key=lambda refund: refund["id"])

    def left(self, order: dict) -> Decimal:
        """What the customer has paid and not got back, by the shop."""
        refunds = self.refunds(order)
        return Decimal(self.shown(order)["total"]) - sum(Decimal(refund["amount"]) for refund in refunds)

    # --------------------------------------------------------------- the ERP

    def booked(self, order: dict) -> Decimal:
        """The same by the ERP: the order's sale, its credits and what people took back."""
        fields = ["total_amount"]
        sale = self.warehouse.sale(order)
        own = [row for key, rows in self.weir.sales().items() for row in rows
               if key.split(".")[0] == str(order["id"])]
        back = self.weir.stack.tryton.get(
            "sale.sale", [["web_shop", "=", None], ["origin", "=", f"sale.sale,{sale}"]], fields)
        return sum(amount(row["total_amount"]) for row in own + back)

    def credits(self, order: dict) -> list[str]:
        """References of the credits that Weir made for the order."""
        return [key for key in self.weir.sales() if key.startswith(f"{order['id']}.r")]

    # ------------------------------------------------------------------ Weir

    def waiting(self) -> int:
        """Messages about orders that are not worked off."""
        outputs = self.weir.stack.outputs
        return sum(self.weir.depth(outputs[name]) for name in ("OrdersQueueUrl", "FulfilmentQueueUrl"))

    def settle(self, order: dict, view: str, seconds: float = 60) -> None:
        """Wait until everything that was said of orders is worked off, and this one is in ``view`` then."""
        def late() -> str:
            waiting, now = self.waiting(), self.weir.views([order])[order["id"]]
            return "" if not waiting and now == view else f"it is {now!r}, not {view!r}; {waiting} messages wait"

        self.weir.wait(late, seconds)
