"""Stock, end to end: from a move in a real Tryton to the shop's number, through the deployed stack.

One stack for all tests; each takes items of its own. ``EVENTS`` sets how many
events the time from an event to the shop's new number is measured over.
"""

import os
import statistics
import sys
import time
import unittest
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra" / "local"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from test_orders import CANARIES, enter
from weir_local import demo_config
from weir_local.demo_config import ERP, STORE
from weir_local.demo_stock import sellable
from weir_local.scene import Scene
from weir_local.stack import LocalStack
from weir_local.stock_scene import StockScene, why

EVENTS = int(os.environ.get("EVENTS", "20"))


class Stock(unittest.TestCase):
    """What "never the cause of an oversell, fresh in seconds" means in practice."""

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(LocalStack()) if hasattr(cls, "enterClassContext") else enter(cls)
        cls.stack.open_shop(STORE)
        cls.stack.deploy(demo_config.write(cls.stack))
        cls.weir = Scene(cls.stack)
        cls.stock = StockScene(cls.weir)
        cls.stock.sync()
        cls.stock.until_settled({"MUG-L": sellable(cls.stock, "MUG-L")}, 180)

    def settle(self, *skus: str) -> dict[str, int]:
        """The shop shows what the ERP has; returns it."""
        wanted = {sku: sellable(self.stock, sku) for sku in skus}
        self.stock.event(*skus)
        self.stock.until_settled(wanted)
        return wanted

    def test_from_an_event_to_the_shops_number(self):
        shown = self.settle("CANDLE-S")["CANDLE-S"]
        times = []
        for _ in range(EVENTS):
            shown += 1
            self.stock.shelves.receive("CANDLE-S", 1)
            began = time.monotonic()
            self.stock.event("CANDLE-S")
            times.append(self.stock.until_shown({"CANDLE-S": shown}, since=began))
        times.sort()
        p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
        self.stock.until_settled({"CANDLE-S": shown})
        print(f"\nfrom an event to the shop's number: median {statistics.median(times):.2f} s,"
              f" 99th percentile {p99:.2f} s, {EVENTS} events")

    def test_without_any_event_the_feed_finds_it(self):
        shown = self.settle("CANDLE-L")["CANDLE-L"]
        self.stock.shelves.receive("CANDLE-L", 3)
        self.stock.sync()
        self.stock.until_settled({"CANDLE-L": shown + 3})

    def test_the_shop_floors_till(self):
        shown = self.settle("NOTE-A5")["NOTE-A5"]
        self.stock.shelves.sell("NOTE-A5", 2)
        self.stock.event("NOTE-A5", source="pos", location="floor")
        self.stock.until_settled({"NOTE-A5": shown - 2})

    def test_an_order_is_counted_once_all_the_way(self):
        """In the shop, in flight, in the ERP: the number falls by what was bought and stays there."""
        shown = self.settle("TOWEL-50")["TOWEL-50"]
        self.assertTrue(self.stock.buy("TOWEL-50", 2))
        order = self.weir.control("GET", "orders")["orders"][-1]
        self.weir.until([order], {"in ERP"}, 60)
        self.assertEqual(sellable(self.stock, "TOWEL-50"), shown - 2)
        for _ in range(3):
            self.stock.event("TOWEL-50")
            self.stock.until_settled({"TOWEL-50": shown - 2})

    def test_variations_go_under_their_parent(self):
        shown = self.settle("TEE-M-R", "TEE-M-B")
        for sku in shown:
            self.stock.shelves.receive(sku, 4)
        self.stock.event(*shown)
        self.stock.until_settled({sku: quantity + 4 for sku, quantity in shown.items()})

    def test_a_shop_set_by_hand_is_mended(self):
        shown = self.settle("POT-BLUE")["POT-BLUE"]
        product = self.weir.rest("GET", "products?sku=POT-BLUE")[0]
        self.weir.rest("PUT", f"products/{product['id']}", {"stock_quantity": 5})
        self.stock.event("POT-BLUE")
        self.stock.until_settled({"POT-BLUE": shown})

    def test_a_lost_answer_is_not_sent_again(self):
        shown = self.settle("POT-CREAM")["POT-CREAM"]
        self.stock.shelves.receive("POT-CREAM", 6)
        # Products, orders, then the write: whichever answer is lost, the end is right.
        for lost in (1, 2, 3):
            self.weir.faults(lose_answer_next=lost)
            self.stock.shelves.receive("POT-CREAM", 1)
            self.stock.event("POT-CREAM")
            self.stock.until_settled({"POT-CREAM": shown + 6 + lost}, 180)
        self.weir.faults(lose_answer_next=0)

    def test_an_edge_that_answers_html(self):
        shown = self.settle("SALT-250")["SALT-250"]
        self.weir.faults(edge_html_next=2, edge_status=200)
        self.addCleanup(self.weir.faults, edge_html_next=0)
        self.stock.shelves.receive("SALT-250", 1)
        self.stock.event("SALT-250")
        self.stock.until_settled({"SALT-250": shown + 1}, 120)

    def test_customers_race_with_publishing(self):
        left, customers = 10, 20
        self.settle("BOOK-2")
        self.stock.shelves.leave_only("BOOK-2", left + self.stock.shelves.promised("BOOK-2"))
        self.stock.event("BOOK-2")
        self.stock.until_settled({"BOOK-2": left})

        def customer(number: int) -> bool:
            if number % 2:
                self.stock.event("BOOK-2")
            return self.stock.buy("BOOK-2")

        with ThreadPoolExecutor(4) as crowd:
            sold = sum(crowd.map(customer, range(customers)))
        self.assertEqual(sold, left)
        self.weir.until(self.weir.control("GET", "orders")["orders"][-sold:], {"in ERP"}, 120)
        self.assertEqual(self.settle("BOOK-2"), {"BOOK-2": 0})

    def test_what_was_published_is_explained(self):
        shown = self.settle("BOARD-1")["BOARD-1"]
        publication = self.stock.explained("BOARD-1", STORE)
        self.assertEqual(why(publication), f"ERP {shown} − unseen 0 − safety 0 = {shown}")
        self.assertIsNone(publication["stale_since"])

    def test_the_answers_to_events(self):
        url = f"{self.stack.outputs['ApiUrl']}/erps/{ERP}/events/erp"
        self.assertEqual(post(url, b"{}", {}), 401)
        self.assertEqual(post(url, b'{"type":"stock.changed"}', {"webhook-id": "1"}), 401)
        self.assertEqual(post(url.replace(ERP, "nobody"), b"{}", {}), 401)

    def test_zz_nothing_was_lost_or_told(self):
        """Last by name: no dead letter, and nothing personal in logs or tables."""
        self.assertEqual(self.weir.depth(self.stack.outputs["StockDeadLetterQueueUrl"]), 0)
        log = self.weir.logs()
        pages = self.weir.dynamo.get_paginator("scan").paginate(TableName=self.stock.table)
        stored = str([page["Items"] for page in pages])
        secrets = self.stack.config.secrets[f"weir/erp/{ERP}"]["event_secrets"]
        for canary in (*CANARIES, "Mira", "Am Markt", *(values[0] for values in secrets.values())):
            self.assertNotIn(canary, stored, f"{canary} is in the stock table")
            self.assertNotIn(canary, log, f"{canary} is in a log")


def post(url: str, body: bytes, headers: dict) -> int:
    """The status of the answer."""
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


if __name__ == "__main__":
    unittest.main(verbosity=2)
