"""Saturday afternoon: goods come and go, customers race with them, and nothing is sold twice."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

from .console import Failure, say, step
from .demo_config import STORE
from .scene import Scene
from .stock_scene import StockScene, why

#: Few are left of it, and everybody wants one.
WANTED = "MAT-1"
LEFT = 15
CUSTOMERS = 24
RECEIVED, SOLD = "LAMP-1", "BOARD-1"


def afternoon(weir: Scene) -> None:
    """The acts, in order."""
    stock = StockScene(weir)
    say("\nSaturday afternoon, the stock:")
    with step("every item's stock read from the ERP and published"):
        settle(stock)
    goods_received(stock)
    sold_on_the_floor(stock)
    rush(stock)
    explain(stock)


def settle(stock: StockScene) -> None:
    """Until the shop shows what the ERP has, for the items of the acts."""
    stock.sync()
    stock.until_settled({sku: sellable(stock, sku) for sku in (RECEIVED, SOLD, WANTED)}, 120)


def goods_received(stock: StockScene) -> None:
    """Goods arrive in the warehouse (as a found lot, see ``shelves``); the ERP says so."""
    before = int(stock.shown(RECEIVED))
    stock.shelves.receive(RECEIVED, 7)
    began = time.monotonic()
    stock.event(RECEIVED)
    took = stock.until_shown({RECEIVED: before + 7}, since=began)
    say(f"  7 × {RECEIVED} received in the ERP (booked as found): the shop shows {before + 7} after {took:.1f} s")


def sold_on_the_floor(stock: StockScene) -> None:
    """The till of the shop floor sells, books it in the ERP (as a loss), and says so."""
    before = int(stock.shown(SOLD))
    stock.shelves.sell(SOLD, 2)
    began = time.monotonic()
    stock.event(SOLD, source="pos", location="floor")
    took = stock.until_shown({SOLD: before - 2}, since=began)
    say(f"  2 × {SOLD} sold on the shop floor (booked as lost): the shop shows {before - 2} after {took:.1f} s")


def rush(stock: StockScene) -> None:
    """More customers than units, while the ERP keeps saying that something moved."""
    stock.shelves.leave_only(WANTED, LEFT + stock.shelves.promised(WANTED))
    stock.event(WANTED)
    stock.until_settled({WANTED: LEFT})
    dice = random.Random(5)
    with step(f"{CUSTOMERS} customers want one of {LEFT} × {WANTED}; the ERP and the till keep publishing"):
        with ThreadPoolExecutor(4) as crowd:
            bought = crowd.map(lambda _: shop_and_publish(stock, dice), range(CUSTOMERS))
            sold = sum(bought)
        stock.weir.until(stock.weir.control("GET", "orders")["orders"][-sold:], {"in ERP"}, 120)
        stock.event(WANTED)
        stock.until_settled({WANTED: 0})
    if sold > LEFT:
        raise Failure(f"{sold} of {LEFT} were sold")
    say(f"  {sold} of {LEFT} sold, {CUSTOMERS - sold} customers came too late, nothing oversold")


def shop_and_publish(stock: StockScene, dice: random.Random) -> bool:
    """One customer; now and then an event in between, which makes Weir publish."""
    if dice.random() < 0.5:
        stock.event(WANTED)
    return stock.buy(WANTED)


def sellable(stock: StockScene, sku: str) -> int:
    """On hand in both places, less what is promised and still there."""
    on_hand = sum(stock.shelves.on_hand(sku, storage) for storage in stock.shelves.storage.values())
    return on_hand - stock.shelves.promised(sku)


def explain(stock: StockScene) -> None:
    """Why the shop shows what it shows."""
    say(f"\n{'item':10} {'shop shows':>10}   why")
    for sku in (RECEIVED, SOLD, WANTED):
        say(f"{sku:10} {stock.shown(sku):>10}   {why(stock.explained(sku, STORE))}")
