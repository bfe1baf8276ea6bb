"""The way back, end to end: from a shipment in a real Tryton to the parcel in the shop.

One stack for all tests; each ships orders of its own and judges only them. Between Weir
and both the ERP and the shop is a proxy that lets calls fail, and loses answers.
"""

import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra" / "local"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from proxy import Proxy
from test_orders import CANARIES, enter
from weir_local import demo_config
from weir_local.delivery_scene import DeliveryScene
from weir_local.demo_config import SECOND, STORE
from weir_local.scene import Scene, amount
from weir_local.stack import LocalStack

KINDS = ("shipment.changed", "return.changed", "order.changed")
#: Each tracking number begins with this: it leads to somebody's door, and is nobody else's business.
NUMBER = "1ZQX"


class Fulfilment(unittest.TestCase):
    """What "each parcel, credit and refund once, whatever fails" means in practice."""

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(LocalStack()) if hasattr(cls, "enterClassContext") else enter(cls)
        shop = cls.stack.open_shop(STORE)
        cls.stack.open_shop(SECOND, {"currency": "USD", "fulfillments": True})
        cls.erp, cls.edge = Proxy(cls.stack.tryton.url), Proxy(shop.url)
        cls.addClassCleanup(cls.erp.close)
        cls.addClassCleanup(cls.edge.close)
        cls.stack.deploy(demo_config.write(
            cls.stack, erp_url=cls.erp.url, shop_urls={STORE: cls.edge.url},
            stock=None))  # Stock has tests of its own.
        cls.weir = Scene(cls.stack)
        cls.way = DeliveryScene(cls.weir)
        # A feed begins where it is read first.
        cls.weir.follow()

    def fail(self, *lost: tuple[str, str]):
        """From now on every fifteenth call goes wrong, on either side, and so do these writes: the
        shop carries them out, and its answer is lost."""
        for proxy in (self.erp, self.edge):
            proxy.every, proxy.struck = 15, {}
            self.addCleanup(setattr, proxy, "every", 0)
        self.edge.lose.extend(lost)
        self.addCleanup(self.edge.lose.clear)

    def assert_failed(self):
        """What was to go wrong did, and nothing was given up for it."""
        self.assertEqual(self.edge.lose, [])
        self.assertEqual(self.weir.dead_letters(), 0)
        print(f"\nfaults of the ERP {self.erp.struck}, of the shop {self.edge.struck}")

    def booked(self, units: dict[str, int]) -> dict:
        """An order that is in the ERP."""
        order = self.weir.buy(units)
        self.weir.until([order], {"in ERP"}, 60)
        return order

    def ten_events(self, order: dict):
        """The ERP says ten times, of three kinds and several at once, that something changed."""
        with ThreadPoolExecutor(4) as crowd:
            list(crowd.map(lambda at: self.weir.changed(order, kind=KINDS[at % 3]), range(10)))

    def assert_shown(self, order: dict, numbers: list[str], status: str):
        """The shop shows these parcels, each once and with one note, and this status."""
        self.assertEqual(self.way.parcels(order), numbers)
        self.assertEqual([note.split()[-1] for note in self.way.notes(order)], numbers)
        self.assertEqual(self.way.status(order), status)

    def assert_agreed(self, order: dict, left: Decimal):
        """What is left after refunds, returns and credits is the same on both sides, to the cent."""
        self.assertEqual((self.way.left(order), self.way.booked(order)), (left, left))

    def test_two_parcels_while_both_sides_are_ill(self):
        order = self.booked({"MUG-L": 2, "BOOK-1": 1})
        first, second = f"{NUMBER}-A1", f"{NUMBER}-A2"
        self.fail(("PUT", f"/orders/{order['id']}"), ("POST", f"/orders/{order['id']}/notes"))
        self.way.warehouse.send(order, first, {"MUG-L": 2})
        self.ten_events(order)
        self.way.settle(order, "part shipped", 600)
        self.assert_shown(order, [first], "processing")
        self.way.warehouse.send(order, second)
        self.ten_events(order)
        self.way.settle(order, "shipped", 600)
        self.assert_shown(order, [first, second], "completed")
        lines = [[line["quantity"] for line in entry["lines"]] for entry in self.way.entries(order)]
        self.assertEqual(lines, [["2"], ["1"]])
        self.assertTrue(self.erp.struck)
        self.assert_failed()

    def test_a_corrected_number_that_only_the_feed_tells(self):
        order = self.booked({"CANDLE-S": 1})
        wrong, right = f"{NUMBER}-B1", f"{NUMBER}-B2"
        shipment = self.way.warehouse.send(order, wrong)
        self.weir.follow()
        self.way.settle(order, "shipped")
        self.assert_shown(order, [wrong], "completed")
        self.way.warehouse.correct(shipment, right)
        self.weir.follow()
        self.weir.wait(lambda: "" if self.way.parcels(order) == [right] else "the number is wrong", 60)
        self.way.settle(order, "shipped")
        self.assertEqual(self.way.parcels(order), [right])
        self.assertEqual([note.split()[-1] for note in self.way.notes(order)], [wrong, right])

    def test_what_came_back_is_refunded_once(self):
        order = self.booked({"NOTE-A5": 3, "BOOK-2": 1})
        self.way.warehouse.send(order, f"{NUMBER}-C1")
        self.weir.changed(order)
        self.way.settle(order, "shipped")
        stock = self.weir.control("GET", "state")["stock"]
        self.fail(("POST", f"/orders/{order['id']}/refunds"))
        back = self.way.warehouse.books(self.way.warehouse.take_back(order, {"NOTE-A5": 1}))
        self.ten_events(order)
        self.weir.wait(lambda: "" if self.way.refunds(order) else "nothing is refunded", 600)
        self.way.settle(order, "shipped", 600)
        refund, = self.way.refunds(order)
        self.assert_gives_back(refund, order, back)
        self.assertEqual(self.weir.control("GET", "state")["stock"], stock, "the refund restocked")
        self.assertEqual(self.way.credits(order), [], "the return is the ERP's own credit")
        self.assert_agreed(order, Decimal(order["total"]) - Decimal(refund["amount"]))
        self.assert_failed()

    def assert_gives_back(self, refund: dict, order: dict, back: dict):
        """The refund is of one unit of the first line, with its tax, and of nothing else."""
        line, = refund["line_items"]
        of = next(meta["value"] for meta in line["meta_data"] if meta["key"] == "_refunded_item_id")
        self.assertEqual((int(of), line["quantity"]), (order["line_items"][0]["id"], -1))
        self.assertEqual(Decimal(line["total"]), amount(back["untaxed_amount"]))
        self.assertEqual(Decimal(line["total_tax"]), amount(back["tax_amount"]))
        self.assertEqual(Decimal(refund["amount"]), -amount(back["total_amount"]))
        self.assertEqual([tax["id"] for tax in line["taxes"]], [order["line_items"][0]["taxes"][0]["id"]])
        self.assertFalse(refund["shipping_lines"] or refund["fee_lines"] or refund["refunded_payment"])

    def test_the_rest_is_refunded(self):
        order = self.booked({"MUG-S": 2, "SALT-250": 3})
        number = f"{NUMBER}-D1"
        self.way.warehouse.send(order, number, {"MUG-S": 2})
        self.ten_events(order)
        self.way.settle(order, "part shipped")
        self.assert_shown(order, [number], "processing")
        refund = self.weir.refund_units(order["id"], at=1, units=3)
        self.way.settle(order, "shipped", 120)
        self.assert_shown(order, [number], "completed")
        self.assertEqual(self.way.credits(order), [f"{order['id']}.r{refund['id']}"])
        self.assert_agreed(order, Decimal(order["total"]) - Decimal(refund["amount"]))

    def test_a_shop_with_fulfilments_of_its_own(self):
        weir = Scene(self.stack, SECOND)
        way = DeliveryScene(weir)
        order = weir.buy({"MUG-L": 2})
        weir.until([order], {"in ERP"}, 60)
        way.warehouse.send(order, f"{NUMBER}-E1")
        weir.changed(order)
        way.settle(order, "shipped")
        parcel, = weir.rest("GET", f"orders/{order['id']}/fulfillments")
        meta = {entry["key"]: entry["value"] for entry in parcel["meta_data"]}
        self.assertEqual(meta["_tracking_number"], f"{NUMBER}-E1")
        self.assertEqual(meta["_items"], [{"item_id": order["line_items"][0]["id"], "qty": 2}])
        self.assertTrue(parcel["is_fulfilled"])
        self.assertEqual((way.entries(order), way.status(order)), ([], "completed"))

    def test_zz_nothing_personal_was_logged_or_stored(self):
        """Last by name: everything before it has been logged."""
        log = self.weir.logs()
        pages = self.weir.dynamo.get_paginator("scan").paginate(TableName=self.weir.table)
        stored = str([page["Items"] for page in pages])
        self.assertIn("orders followed", log, "the functions' logs are not where they are looked for")
        for canary in (*CANARIES, "Mira", "Am Markt", NUMBER):
            self.assertNotIn(canary, stored, f"{canary} is in the ledger")
            self.assertNotIn(canary, log, f"{canary} is in a log")


if __name__ == "__main__":
    unittest.main(verbosity=2)
