"""A short Saturday: what a shop sells, what goes wrong, and where every order ends."""

import time
from decimal import Decimal

from . import build, demo_config, demo_delivery, demo_desk, demo_stock, scene
from .console import say, step
from .scene import SETTLED, Scene
from .stack import LocalStack

#: Good orders, each of a kind that has tripped connectors before.
MORNING = (
    "card", "customer", "cod", "bank_transfer", "variation", "many_lines", "coupon", "coupon_fixed",
    "fee", "negative_fee", "pickup", "no_shipping", "tax_exclusive", "usd", "vat_exempt",
    "reduced_rate", "zero_total", "gift_card", "gift_card_meta", "gift_card_fee",
)
BURST = 12
OUTAGE = 5
UNMAPPED = 3


def play() -> None:
    """Start everything, play, show the table, stop everything."""
    build.build()
    with LocalStack() as stack:
        stack.open_shop(demo_config.STORE)
        stack.deploy(demo_config.write(stack))
        weir = Scene(stack)
        unmapped = saturday(weir)
        demo_stock.afternoon(weir)
        demo_desk.morning(weir, unmapped)
        say(f"Logs of this run: {stack.folder}")
    say("Everything is stopped. To look around yourself, and to sign in: make up, then make down.")


def saturday(weir: Scene) -> list[dict]:
    """The acts, in order; every order is in the table at the end. Returns those that wait for people."""
    # Until the first tick nobody polls; from here on it comes every few seconds.
    say("\nSaturday, a minute lasting some two seconds here:")
    placed = weir.place(*MORNING)
    with step(f"{len(MORNING)} orders of as many kinds: {', '.join(MORNING)}"):
        weir.until(placed, SETTLED, 120)

    weir.faults(duplicate_hints=3)
    doubled = weir.place("card", "coupon", seed=2)
    with step("2 orders whose every webhook arrives four times"):
        weir.until(doubled, SETTLED, 60)
    weir.faults(duplicate_hints=0)

    weir.faults(lose_every_nth_hint=1)
    lost = weir.place("card", "fee", seed=3)
    with step("2 orders whose webhooks are all lost: the poll finds them"):
        weir.until(lost, SETTLED, 120)
    weir.faults(lose_every_nth_hint=0)

    burst = weir.place("card", "variation", "coupon", count=BURST, seed=4)
    with step(f"a burst of {BURST}"):
        weir.until(burst, SETTLED, 120)

    unmapped = weir.place("unmapped_sku", count=UNMAPPED)
    with step(f"{UNMAPPED} orders of something that the ERP has never heard of"):
        weir.until(unmapped, SETTLED, 60)

    during = outage(weir)
    paid = placed[MORNING.index("bank_transfer")]
    weir.status(paid["id"], "processing", set_paid=True)
    with step("the bank transfer arrives: its reservation becomes an order to ship"):
        weir.until([paid], {"in ERP"}, 60)
    refunds(weir, placed[MORNING.index("card")], placed[MORNING.index("many_lines")])
    sent = demo_delivery.way_back(weir)
    table(weir, [*placed, *doubled, *lost, *burst, *unmapped, *during, sent])
    return unmapped


def refunds(weir: Scene, half: dict, unit: dict) -> None:
    """Half of one order's money, and one unit of another, go back to the customers."""
    amount = scene.cents(Decimal(half["total"]) / 2)
    given = [(half, weir.refund(half["id"], amount)), (unit, weir.refund_units(unit["id"]))]
    with step("one order is refunded by half, of another one unit comes back"):
        weir.until_credited([half, unit], 1, 60)
    books = weir.sales()
    for order, refund in given:
        credit, = books[f"{order['id']}.r{refund['id']}"]
        say(f"    order {order['number']}: refund of {refund['amount']} {order['currency']},"
            f" credit {credit['number']} of {scene.amount(credit['total_amount'])} in the ERP")


def outage(weir: Scene) -> list[dict]:
    """The ERP goes away while customers go on buying."""
    weir.stack.tryton.stop()
    during = weir.place("card", count=OUTAGE, seed=5)
    with step(f"the ERP is down; {OUTAGE} orders wait, no exceptions, no dead letters"):
        weir.until(during, {"waiting"}, 60)
    weir.stack.restart_erp()
    with step("the ERP is back; one order probes, the others follow"):
        weir.until(during, SETTLED, 240)
    return during


def table(weir: Scene, placed: list[dict]) -> None:
    """Every order: shop number, state, ERP number, latency, and the reason of an exception."""
    records, books = weir.records(), weir.sales()
    say(f"\n{'shop':>5}  {'kind':15} {'total':>13}  {'state':12} {'ERP':>5} {'ERP total':>10} {'latency':>8}  reason")
    for order in placed:
        say(row(order, records.get(order["id"], {}), books))
    sales = sum(len(found) for key, found in books.items() if ".r" not in key)
    say(f"\n{len(placed)} orders · {sales} sales in the ERP, {sum(len(found) > 1 for found in books.values())} twice"
        f" · {weir.dead_letters()} dead letters")


def row(order: dict, record: dict, books: dict) -> str:
    """One line of the table."""
    sale = (books.get(str(order["id"])) or [None])[0]
    total = f"{order['total']} {order['currency']}"
    number = (sale and sale["number"]) or ""
    booked = str(scene.amount(sale["total_amount"])) if sale else ""
    hold = record.get("hold", {})
    reason = f"{hold['code']}: {hold['subject']}" if hold.get("hold") == "exception" else ""
    return (f"{order['number']:>5}  {order['kind']:15} {total:>13}  {record.get('view', 'unheard of'):12}"
            f" {number:>5} {booked:>10} {latency(record):>8}  {reason}")


def latency(record: dict) -> str:
    """From the first hint to the complete sales order, in seconds."""
    heard, there = record.get("first_heard_at"), record.get("in_erp_at")
    return f"{seconds(there) - seconds(heard):.1f} s" if there else ""


def seconds(instant: str) -> float:
    """An instant as written in records, in seconds since the epoch."""
    whole, _, fraction = instant.rstrip("Z").partition(".")
    import calendar

    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")
