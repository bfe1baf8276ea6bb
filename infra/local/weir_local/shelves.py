"""What happens to goods in the ERP: they come, go, and are written off.

Each is one move between a warehouse and the location for lost and found goods, done at
once. For stock that is what a receipt or a sale over the counter is; purchases, receipts
and tills with their documents are not played.
"""

from datetime import date

from .tryton import Tryton


class Shelves:
    """The stock of the seeded Tryton."""

    def __init__(self, tryton: Tryton):
        self.tryton = tryton
        warehouses = tryton.get(
            "stock.location", [["type", "=", "warehouse"]], ["code", "storage_location"])
        #: Storage location of each warehouse, by the warehouse's code.
        self.storage = {row["code"]: row["storage_location"] for row in warehouses}

    def location(self, kind: str) -> int:
        """The seeded location of a type: supplier, customer or lost_found."""
        return self.tryton.get("stock.location", [["type", "=", kind]], ["id"])[0]["id"]

    def receive(self, sku: str, quantity: int, warehouse: str = "WH1") -> None:
        """Goods arrive that nobody had announced."""
        self.move(sku, quantity, self.location("lost_found"), self.storage[warehouse])

    def sell(self, sku: str, quantity: int, warehouse: str = "WH2") -> None:
        """Somebody buys over the counter."""
        self.move(sku, quantity, self.storage[warehouse], self.location("lost_found"))

    def leave_only(self, sku: str, quantity: int) -> None:
        """Write off all but ``quantity``, which stay in the first warehouse."""
        for warehouse, storage in self.storage.items():
            there = self.on_hand(sku, storage)
            wanted = quantity if warehouse == "WH1" else 0
            if there > wanted:
                self.move(sku, there - wanted, storage, self.location("lost_found"))
            elif there < wanted:
                self.move(sku, wanted - there, self.location("lost_found"), storage)

    def on_hand(self, sku: str, storage: int) -> int:
        """What has come to a storage location less what has left it."""
        moves = self.tryton.get(
            "stock.move", [["product.code", "=", sku], ["state", "=", "done"]],
            ["quantity", "from_location", "to_location"])
        came = sum(move["quantity"] for move in moves if move["to_location"] == storage)
        left = sum(move["quantity"] for move in moves if move["from_location"] == storage)
        return int(came - left)

    def promised(self, sku: str) -> int:
        """Units that customers of the shop are promised and that are still there: moves out, not done."""
        moves = self.tryton.get(
            "stock.move",
            [["product.code", "=", sku], ["origin", "like", "sale.line,%"],
             ["state", "not in", ["done", "cancelled"]]],
            ["quantity"])
        return int(sum(move["quantity"] for move in moves))

    def move(self, sku: str, quantity: int, from_location: int, to_location: int) -> None:
        """One move, made and done."""
        product = self.tryton.get(
            "product.product", [["code", "=", sku]], ["default_uom"])[0]
        today = date.today()
        day = {"__class__": "date", "year": today.year, "month": today.month, "day": today.day}
        made = self.tryton.post("stock.move", {
            "product": product["id"], "unit": product["default_uom"], "quantity": quantity,
            "from_location": from_location, "to_location": to_location,
            "company": self.tryton.ids["company"], "planned_date": day, "effective_date": day,
        })
        # Out of a warehouse only what was assigned before.
        self.tryton.call("PUT", f"stock.move/{made['id']}", {"state": "assigned"})
        self.tryton.post(f"stock.move/{made['id']}/do", {})
