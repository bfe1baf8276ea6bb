"""The way back: what was sold leaves in two parcels, and a part of it comes back."""

from .console import say, step
from .delivery_scene import DeliveryScene
from .scene import Scene, amount

#: What is in each parcel, by its carrier's number.
PARCELS = {"1Z999AA10123456784": {"MUG-L": 2}, "1Z999AA10123456793": {"CANDLE-L": 3}}
#: What the customer does not keep.
RETURNED = {"CANDLE-L": 1}


def way_back(weir: Scene) -> dict:
    """The acts, in order; returns the order that they are about."""
    way = DeliveryScene(weir)
    order = weir.buy({sku: units for parcel in PARCELS.values() for sku, units in parcel.items()})
    weir.until([order], {"in ERP"}, 60)
    for (tracking, units), view in zip(PARCELS.items(), ("part shipped", "shipped")):
        with step(f"{contents(units)} of order {order['number']} leave the warehouse; the shop shows the parcel"):
            way.warehouse.send(order, tracking, units)
            weir.changed(order)
            way.settle(order, view)
        say(f"    the order is {way.status(order)} in the shop, with the note “{way.notes(order)[-1]}”")
    both_sides(way, order)
    comes_back(way, order)
    return order | {"kind": "two parcels"}


def both_sides(way: DeliveryScene, order: dict) -> None:
    """Every shipment of the ERP, and the shop's parcel of it."""
    shown = {entry["id"]: entry for entry in way.entries(order)}
    skus = {line["id"]: line["sku"] for line in order["line_items"]}
    for shipment in way.warehouse.shipments(order):
        sent = {move["product"]["code"]: move["quantity"] for move in shipment["outgoing_moves"]}
        parcel = shown[str(shipment["id"])]
        there = {skus[line["line"]]: float(line["quantity"]) for line in parcel["lines"]}
        number, state, tracking = (shipment[key] for key in ("number", "state", "shipping_reference"))
        say(f"    ERP: shipment {number}, {state}, {tracking}, {contents(sent)}"
            f" · shop: parcel {parcel['tracking']}, {contents(there)}")


def comes_back(way: DeliveryScene, order: dict) -> None:
    """The ERP takes goods back and gives credit for them; the shop gives the refund."""
    with step(f"{contents(RETURNED)} of it comes back to the warehouse; the shop refunds it"):
        back = way.warehouse.books(way.warehouse.take_back(order, RETURNED))
        way.weir.changed(order, kind="return.changed")
        way.weir.wait(lambda: "" if way.refunds(order) else "nothing is refunded", 60)
        way.settle(order, "shipped")
    refund, = way.refunds(order)
    say(f"    ERP: return {back['number']} of {amount(back['total_amount'])}, {way.booked(order)} left of the order"
        f" · shop: refund of {refund['amount']} {order['currency']}, {way.left(order)} left")


def contents(units: dict[str, float]) -> str:
    """In words: 2 × MUG-L, 3 × CANDLE-L."""
    return ", ".join(f"{quantity:g} × {sku}" for sku, quantity in units.items())
