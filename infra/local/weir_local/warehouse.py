"""What people in the ERP do with an order's goods: they send them, and take them back.

Each step is a button that people press: assign, pick, pack, ship, do; and for what comes
back a return sale, whose goods are received.
"""

from datetime import date

from .tryton import Tryton

OUT, BACK = "stock.shipment.out", "stock.shipment.out.return"


class Warehouse:
    """The shipments of one store's orders in the seeded Tryton."""

    def __init__(self, tryton: Tryton, store: str):
        self.tryton = tryton
        self.web_shop = tryton.ids["web_shops"][store]
        self.carrier = tryton.ids["carriers"]["SHIP-STD"]

    def sale(self, order: dict) -> int:
        """The order's sale."""
        domain = [["web_shop", "=", self.web_shop], ["web_id", "=", str(order["id"])]]
        sale, = self.tryton.get("sale.sale", domain, ["id"])
        return sale["id"]

    def shipments(self, order: dict) -> list[dict]:
        """The order's shipments, oldest first."""
        fields = ["number", "state", "shipping_reference", "carrier.rec_name",
                  "outgoing_moves.quantity", "outgoing_moves.product.code"]
        sale, = self.tryton.get("sale.sale", [["id", "=", self.sale(order)]], ["shipments"])
        found = self.tryton.get(OUT, [["id", "in", sale["shipments"]]], fields)
        return sorted(found, key=lambda row: row["id"])

    def send(self, order: dict, tracking: str, units: dict[str, int] | None = None) -> int:
        """A parcel leaves with these units by SKU, or with all that are left; returns its shipment.

        What is not in it, the ERP puts into another shipment.
        """
        shipment = self.shipments(order)[-1]["id"]
        if units is not None:
            self.pick_only(shipment, units)
        self.change(OUT, shipment, carrier=self.carrier, shipping_reference=tracking)
        for button in ("assign_try", "pick", "pack", "ship", "do"):
            self.press(OUT, shipment, button)
        return shipment

    def pick_only(self, shipment: int, units: dict[str, int]) -> None:
        """Only these units are taken off the shelves."""
        moves, = self.tryton.get(
            OUT, [["id", "=", shipment]], ["inventory_moves.quantity", "inventory_moves.product.code"])
        for move in moves["inventory_moves"]:
            self.change("stock.move", move["id"], quantity=units.get(move["product"]["code"], 0))

    def correct(self, shipment: int, tracking: str) -> None:
        """The number of a parcel that has left was wrong."""
        self.change(OUT, shipment, shipping_reference=tracking)

    def take_back(self, order: dict, units: dict[str, int]) -> int:
        """The customer sends these units back, by SKU; returns the return sale."""
        sale = self.sale(order)
        # What the button "Return" of a sale does.
        origin = {"default": {"origin": f"sale.sale,{sale}"}}
        back, = self.tryton.call("POST", f"sale.sale/{sale}/copy", origin)
        copied, = self.tryton.get(
            "sale.sale", [["id", "=", back]], ["lines.quantity", "lines.product.code"])
        today = date.today()
        self.change("sale.sale", back, lines=[
            returned(line, units) for line in copied["lines"]], sale_date={
                "__class__": "date", "year": today.year, "month": today.month, "day": today.day})
        for button in ("quote", "confirm", "process"):
            self.press("sale.sale", back, button)
        coming, = self.tryton.get("sale.sale", [["id", "=", back]], ["shipment_returns"])
        for button in ("receive", "do"):
            self.press(BACK, coming["shipment_returns"][0], button)
        return back

    def books(self, sale: int) -> dict:
        """Number and amounts of a sale."""
        fields = ["number", "state", "untaxed_amount", "tax_amount", "total_amount"]
        found, = self.tryton.get("sale.sale", [["id", "=", sale]], fields)
        return found

    def change(self, model: str, record: int, **fields) -> None:
        """Fields of one record."""
        self.tryton.call("PUT", f"{model}/{record}", fields)

    def press(self, model: str, record: int, button: str) -> None:
        """A button of one record."""
        self.tryton.post(f"{model}/{record}/{button}", {})


def returned(line: dict, units: dict[str, int]) -> list:
    """How a copied line changes: it is given back, or taken out."""
    product = line["product"] or {}
    if back := units.get(product.get("code")):
        return ["write", [line["id"]], {"quantity": -back}]
    return ["delete", [line["id"]]]
