"""Orders, end to end: the real template and binaries on the emulator, a real ERP, a shop's bad habits.

One stack for all tests; each places orders of its own and judges only them.
``ORDERS`` sets the size of the large one (60 by default).
"""

import base64
import hashlib
import hmac
import os
import signal
import sys
import time
import unittest
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra" / "local"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from proxy import FAULTS, Proxy
from weir_local import demo_config
from weir_local.scene import SETTLED, Scene, amount
from weir_local.stack import LocalStack

ORDERS = int(os.environ.get("ORDERS", "60"))
KINDS = ("card", "coupon", "variation", "cod", "fee", "tax_exclusive", "many_lines", "reduced_rate")
#: Invented people of the stand-in: none of them may appear outside shop and ERP.
CANARIES = ("Kästner", "Nuñez", "Petersen", "Hafenstr", "guest", "5550123")


class Orders(unittest.TestCase):
    """What "each order exactly once, to the cent, and none lost" means in practice."""

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(LocalStack()) if hasattr(cls, "enterClassContext") else enter(cls)
        cls.proxy = Proxy(cls.stack.tryton.url)
        cls.addClassCleanup(cls.proxy.close)
        cls.stack.open_shop(demo_config.STORE, {
            "delivery": {"workers": 4, "queue_delay_ms": 0, "timeout_s": 60, "stale_cache": True}})
        # Stock has tests of its own; these judge orders alone.
        config = demo_config.write(cls.stack, erp_url=cls.proxy.url, stock=None)
        cls.stack.deploy(config)
        cls.weir = Scene(cls.stack)

    def assert_booked_once(self, orders: list[dict]):
        """One sale for each order, equal to the cent, and paid as far as the shop says so."""
        books = self.weir.sales()
        for order in orders:
            sales = books.get(str(order["id"]), [])
            self.assertEqual(len(sales), 1, f"order {order['id']} ({order['kind']})")
            tender = Decimal("5.00") if order["kind"].startswith("gift_card") else Decimal(0)
            total, tax = Decimal(order["total"]) + tender, Decimal(order["total_tax"])
            self.assertEqual(amount(sales[0]["total_amount"]), total, order)
            self.assertEqual(amount(sales[0]["tax_amount"]), tax, order)
            self.assertEqual(amount(sales[0]["untaxed_amount"]), total - tax, order)
            paid = sum(amount(payment["amount"]) for payment in sales[0]["payments"])
            self.assertEqual(paid, total if order["paid"] else 0, order)

    def test_duplicates_and_faults_of_the_erp(self):
        self.proxy.every = 20
        self.weir.faults(duplicate_hints=1)
        self.addCleanup(self.weir.faults, duplicate_hints=0)
        self.addCleanup(setattr, self.proxy, "every", 0)
        orders = self.weir.place(*KINDS, count=ORDERS, seed=11)
        views = self.weir.until(orders, SETTLED, 120 + 3 * ORDERS)
        self.assertEqual(set(views.values()), {"in ERP"}, views)
        self.assert_booked_once(orders)
        self.assertEqual(self.weir.dead_letters(), 0)
        self.assertEqual(len(self.proxy.struck), len(FAULTS), self.proxy.struck)
        print(f"\n{ORDERS} orders booked once each, with faults {self.proxy.struck}")

    def test_an_outage_makes_no_exceptions_and_no_dead_letters(self):
        self.stack.tryton.stop()
        orders = self.weir.place("card", count=6, seed=12)
        self.weir.until(orders, {"waiting"}, 90)
        self.stack.restart_erp()
        views = self.weir.until(orders, SETTLED, 240)
        self.assertEqual(set(views.values()), {"in ERP"}, views)
        self.assert_booked_once(orders)
        self.assertEqual(self.weir.dead_letters(), 0)

    def test_an_expired_key_parks_everything(self):
        self.proxy.always = 401
        self.addCleanup(setattr, self.proxy, "always", None)
        orders = self.weir.place("card", count=6, seed=13)
        self.weir.until(orders, {"waiting"}, 90)
        self.proxy.always = None
        views = self.weir.until(orders, SETTLED, 240)
        self.assertEqual(set(views.values()), {"in ERP"}, views)
        self.assert_booked_once(orders)
        self.assertEqual(self.weir.dead_letters(), 0)

    def test_lost_webhooks_are_found_by_the_poll(self):
        self.weir.faults(lose_every_nth_hint=1)
        self.addCleanup(self.weir.faults, lose_every_nth_hint=0)
        orders = self.weir.place("card", count=5, seed=14)
        views = self.weir.until(orders, SETTLED, 180)
        self.assertEqual(set(views.values()), {"in ERP"}, views)
        self.assert_booked_once(orders)

    def test_functions_killed_in_the_middle_of_a_burst(self):
        orders = self.weir.place(*KINDS, count=24, seed=15)
        killed = 0
        for booked in (2, 8):
            self.wait_for_booked(orders, booked)
            killed += kill_functions(self.stack.aws.process.pid)
        self.assertGreater(killed, 0, "no function process was found")
        views = self.weir.until(orders, SETTLED, 600)
        self.assertEqual(set(views.values()), {"in ERP"}, views)
        self.assert_booked_once(orders)

    def wait_for_booked(self, orders: list[dict], count: int):
        deadline = time.monotonic() + 120
        while list(self.weir.views(orders).values()).count("in ERP") < count:
            self.assertLess(time.monotonic(), deadline, f"fewer than {count} orders were booked")

    def test_gift_cards_pay_and_do_not_lower_the_price(self):
        orders = self.weir.place("gift_card", "gift_card_meta", "gift_card_fee", "zero_total", "usd", "vat_exempt")
        views = self.weir.until(orders, SETTLED, 120)
        self.assertEqual(set(views.values()), {"in ERP"}, views)
        self.assert_booked_once(orders)

    def test_an_unmapped_item_goes_to_people(self):
        order, = self.weir.place("unmapped_sku", seed=16)
        self.weir.until([order], {"exception"}, 60)
        hold = self.weir.records()[order["id"]]["hold"]
        self.assertEqual((hold["code"], hold["subject"]), ("item_unknown", "FOG-1"))

    def test_a_cancelled_reservation_is_cancelled_in_the_erp(self):
        order, = self.weir.place("bank_transfer", seed=17)
        self.weir.until([order], {"reserved"}, 60)
        self.weir.status(order["id"], "cancelled")
        self.weir.until([order], {"cancelled"}, 60)
        sale, = self.weir.sales()[str(order["id"])]
        self.assertEqual(sale["state"], "cancelled")

    def assert_credited(self, orders: list[dict]):
        """A credit for each refund, and both sides agree about what is left, to the cent."""
        books = self.weir.sales()
        for order in orders:
            refunds = self.weir.rest("GET", f"orders/{order['id']}/refunds")
            left = Decimal(order["total"])
            for refund in refunds:
                credit, = books.get(f"{order['id']}.r{refund['id']}", [])
                self.assertEqual(amount(credit["total_amount"]), -Decimal(refund["amount"]), order)
                self.assertEqual(credit["state"], "processing", order)
                left -= Decimal(refund["amount"])
            of_this = [sale for key, found in books.items() for sale in found
                       if key.split(".")[0] == str(order["id"])]
            self.assertEqual(len(of_this), 1 + len(refunds), order)
            self.assertEqual(sum(amount(sale["total_amount"]) for sale in of_this), left, order)

    def test_refunds_become_credits_while_the_erp_is_ill(self):
        self.proxy.every = 15
        self.weir.faults(duplicate_hints=2)
        self.addCleanup(self.weir.faults, duplicate_hints=0)
        self.addCleanup(setattr, self.proxy, "every", 0)
        orders = self.weir.place("card", "coupon", "reduced_rate", "many_lines", "tax_exclusive", seed=19)
        self.weir.until(orders, {"in ERP"}, 180)
        for order in orders:
            self.weir.refund(order["id"], Decimal("1.00"))
            self.weir.refund_units(order["id"])
        self.weir.until_credited(orders, 2, 240)
        self.assert_credited(orders)
        self.assertEqual(self.weir.dead_letters(), 0)

    def test_a_full_refund_leaves_nothing(self):
        order, = self.weir.place("card", seed=20)
        self.weir.until([order], {"in ERP"}, 60)
        self.weir.rest("PUT", f"orders/{order['id']}", {"status": "refunded"})
        self.weir.until_credited([order], 1, 60)
        self.assert_credited([order])
        self.assertEqual(self.weir.records()[order["id"]]["payment"], "refunded")

    def test_what_does_not_import_is_not_booked(self):
        orders = self.weir.place("pending", "failed", seed=18)
        views = self.weir.until(orders, SETTLED, 60)
        self.assertEqual(set(views.values()), {"not imported"}, views)

    def test_the_webhooks_answers(self):
        secret = self.stack.config.secrets["weir/store/main"]["webhook_secret"]
        # Not UTF-8 is a unit test: the emulator replaces such bytes before the function sees them.
        cases = {
            "empty": b"", "not json": b"<html>", "deep": b"[" * 100_000,
            "an error object": b'{"code":"woocommerce_rest_shop_order_invalid_id","data":{"status":404}}',
            "a draft": b'{"id":999001,"status":"checkout-draft"}', "large": b'{"id":0,"x":"' + b"y" * 1_500_000 + b'"}',
        }
        for name, body in cases.items():
            self.assertEqual(self.post("main", "order.updated", body, sign(secret, body)), 200, name)
        body = b'{"id":999002,"status":"processing"}'
        self.assertEqual(self.post("main", "no.such.topic", body, sign(secret, body)), 200)
        self.assertEqual(self.post("main", "order.updated", body, sign("wrong" * 8, body)), 401)
        self.assertEqual(self.post("main", "order.updated", body, ""), 401)
        self.assertEqual(self.post("nobody", "order.updated", body, sign(secret, body)), 401)

    def post(self, store: str, topic: str, body: bytes, signature: str) -> int:
        request = urllib.request.Request(
            f"{self.stack.outputs['ApiUrl']}/stores/{store}/webhooks/{topic}", data=body,
            headers={"Content-Type": "application/json", "X-WC-Webhook-Signature": signature})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def test_zz_nothing_personal_was_logged_or_stored(self):
        """Last by name: everything before it has been logged."""
        log = self.weir.logs()
        pages = self.weir.dynamo.get_paginator("scan").paginate(TableName=self.weir.table)
        stored = str([page["Items"] for page in pages])
        secret = self.stack.config.secrets["weir/store/main"]["webhook_secret"]
        self.assertIn("order worked on", log, "the functions' logs are not where they are looked for")
        for canary in (*CANARIES, secret, self.stack.tryton.api_key):
            self.assertNotIn(canary, stored, f"{canary} is in the ledger")
            self.assertNotIn(canary, log, f"{canary} is in a log")


def enter(cls) -> LocalStack:
    """``enterClassContext`` for Python 3.10."""
    stack = LocalStack()
    entered = stack.__enter__()
    cls.addClassCleanup(stack.__exit__, None, None, None)
    return entered


def sign(secret: str, body: bytes) -> str:
    """As WooCommerce signs."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def kill_functions(emulator: int) -> int:
    """kill -9 every order-push process of the emulator; says how many there were."""
    killed = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if int(parent) == emulator and b"AWS_LAMBDA_FUNCTION_NAME=weir-order-push" in environment:
            os.kill(int(folder.name), signal.SIGKILL)
            killed += 1
    return killed


if __name__ == "__main__":
    unittest.main(verbosity=2)
