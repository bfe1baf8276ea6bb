"""The console, end to end: people at its pages, the guardian of webhooks and the night's match.

The deployed template and the real binaries; operators sign in at a real identity provider. One
stack for all tests; each places orders of its own and judges only them.
"""

import html
import json
import re
import sys
import unittest
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "infra" / "local"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from proxy import Proxy
from test_orders import CANARIES, enter
from weir_local import demo_config, paths
from weir_local.browser import Browser, Page
from weir_local.demo_config import ENTITY, STORE
from weir_local.demo_stock import sellable
from weir_local.provider import OPERATOR, READER, STRANGER
from weir_local.scene import Scene, amount
from weir_local.stack import LocalStack
from weir_local.stock_scene import StockScene
from weir_local.warehouse import Warehouse

#: What every action is asked for.
WHY = "an end-to-end test"
#: The item that the shop sells and the ERP has never heard of, and what it is there.
UNKNOWN, KNOWN = "FOG-1", "MIST-075"
#: What people sign in, look and act with; nothing of it is anybody's business in a log.
PEOPLE = (READER, OPERATOR, STRANGER)


class Console(unittest.TestCase):
    """What "found, understood, put right, and by whom" means in practice."""

    @classmethod
    def setUpClass(cls):
        cls.stack = cls.enterClassContext(LocalStack()) if hasattr(cls, "enterClassContext") else enter(cls)
        cls.erp = Proxy(cls.stack.tryton.url)
        cls.addClassCleanup(cls.erp.close)
        cls.stack.open_shop(STORE)
        # Whatever hour it is here, the night has begun.
        cls.stack.deploy(demo_config.write(cls.stack, erp_url=cls.erp.url), NightlyHour="0")
        cls.weir = Scene(cls.stack)
        cls.console = cls.stack.outputs["ConsoleUrl"]
        cls.operator, cls.reader = cls.person(OPERATOR), cls.person(READER)

    @classmethod
    def person(cls, name: str) -> Browser:
        """Somebody who has signed in."""
        browser = Browser(cls.console)
        page = browser.sign_in(name)
        if page.status != 200 or name not in page.text:
            raise AssertionError(f"{name} could not sign in: {page.status} {page.url} {page.text[:300]}")
        return browser

    # -------------------------------------------------------------- sign-in

    def routes(self) -> list[tuple[str, str]]:
        """Every address of the API by its description, and of the pages by their code."""
        api = json.loads((paths.ROOT / "infra/openapi/console.json").read_text())["paths"]
        known = [(method.upper(), path if path.startswith("/console") else f"/console/api{path}")
                 for path, methods in api.items() for method in methods if method in ("get", "post", "put", "delete")]
        for file in ("pages/mod.rs", "sign_in/mod.rs"):
            code = (paths.ROOT / "functions/console/src" / file).read_text()
            pages = re.findall(r'\.route\(\s*"(/console[^"]*)",\s*(get|post)\(', code)
            known += [(method.upper(), path) for path, method in pages]
        self.assertGreater(len(known), 40, known)
        return sorted(set(known))

    def filled(self, route: str, order: dict) -> str:
        """A route with an existing order, item, queue and so on in it."""
        values = {"store": STORE, "order": order["id"], "id": order["id"], "entity": ENTITY, "sku": "MUG-L",
                  "*sku": "MUG-L", "*rest": "nowhere", "action": "hold", "queue": "orders", "kind": "item", "job": "1"}
        path = re.sub(r"\{([^}]+)\}", lambda found: str(values[found[1]]), route)
        query = {"store": STORE, "code": "item_unknown", "subject": UNKNOWN, "name": UNKNOWN, "kind": "item", "q": "1"}
        return f"{self.stack.gate.url}{path}?{urllib.parse.urlencode(query)}"

    def test_nobody_gets_in_without_signing_in(self):
        order = self.weir.buy({"MUG-L": 1})
        self.weir.until([order], {"in ERP"}, 60)
        forged = {"Cookie": "weir=forged; weir_session=forged; __Host-weir=forged; __Host-weir_session=forged"}
        open_to_all = ("/console/sign-in", "/console/callback", "/console/signed-out")
        for method, route in self.routes():
            if route in open_to_all or route.startswith("/console/assets/"):
                continue
            for headers in ({}, forged):
                status, location, body = once(method, self.filled(route, order), headers)
                told = f"{method} {route} {headers}: {status} {location} {body[:200]}"
                # Only who wants to look at a page is sent to the provider.
                if route.startswith("/console/api") or method != "GET":
                    self.assertEqual(status, 401, told)
                else:
                    self.assertEqual(status, 303, told)
                    self.assertTrue(location.startswith("/console/sign-in?to="), told)
                for data in (str(order["id"]), order["total"], "MUG-L", self.weir.table):
                    self.assertNotIn(data, body, told)
        hold = self.weir.records()[order["id"]]["hold"]
        self.assertEqual(hold["hold"], "none")

    def test_a_stranger_is_known_and_has_no_role(self):
        stranger = Browser(self.console)
        page = stranger.sign_in(STRANGER)
        self.assertEqual(page.status, 403, page.text)
        self.assertNotEqual(stranger.open(f"{self.console}/stuck").url, f"{self.console}/stuck")
        self.assertEqual(once("GET", f"{self.console}/api/overview", {})[0], 401)

    def test_a_reader_looks_and_cannot_act(self):
        order = self.weir.buy({"NOTE-A5": 1})
        self.weir.until([order], {"in ERP"}, 60)
        before = self.actions()
        page = self.reader.page(f"/orders/{STORE}/{order['id']}")
        self.assertEqual([form.action for form in page.forms if form.method == "POST"],
                         [f"{self.console}/sign-out"])
        token = page.form("/sign-out").fields["csrf"]
        for method, route in self.routes():
            looks = route.endswith("/preview") or route.endswith("/sign-out")
            if method == "GET" or looks:
                continue
            address = self.filled(route, order)
            form = {"csrf": token, "why": WHY, "store": STORE, "queue": "orders", "code": "item_unknown",
                    "subject": UNKNOWN, "kind": "item", "name": UNKNOWN, "codes": KNOWN}
            as_form = self.reader.open(
                address, urllib.parse.urlencode(form).encode(),
                {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.stack.gate.url}, method)
            as_json = self.reader.open(
                address, json.dumps({"why": WHY}).encode(),
                {"Content-Type": "application/json", "Origin": self.stack.gate.url, "x-csrf-token": token}, method)
            self.assertEqual((as_form.status, as_json.status), (403, 403), f"{method} {route}: {as_form.text[:200]}")
        self.assertEqual(self.weir.records()[order["id"]]["hold"]["hold"], "none")
        self.assertEqual(self.actions(), before)

    def test_a_form_of_another_page_does_nothing(self):
        order = self.weir.buy({"BOOK-2": 1})
        self.weir.until([order], {"in ERP"}, 60)
        form = self.operator.page(f"/orders/{STORE}/{order['id']}").form("/hold")
        filled = urllib.parse.urlencode(form.fields | {"why": WHY}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        without = urllib.parse.urlencode({"why": WHY}).encode()
        ours = {"Origin": self.stack.gate.url}
        for body, headers in ((filled, {"Origin": "https://elsewhere.example.com"}), (filled, {}), (without, ours)):
            self.assertEqual(self.operator.open(form.action, body, kind | headers).status, 403)
        self.assertEqual(self.weir.records()[order["id"]]["hold"]["hold"], "none")

    # ----------------------------------------------------------------- desk

    def actions(self) -> list[dict]:
        """The audit of what people did, newest first."""
        answer = self.operator.open(f"{self.console}/api/actions")
        self.assertEqual(answer.status, 200, answer.html[:300])
        return json.loads(answer.html)

    def act(self, page: Page, action: str, **fields: str) -> Page:
        """Fill in a form of a page, as the operator; ends on a page that says what was done."""
        done = self.operator.submit(page.form(action), why=WHY, **fields)
        self.assertEqual(done.status, 200, done.text[:500])
        return done

    def test_one_unmapped_item_is_one_line_and_put_right_once(self):
        """The story of the README: found, understood, a dry run, the mapping, the release, the audit."""
        orders = self.weir.place("unmapped_sku", count=3, seed=41)
        self.weir.until(orders, {"exception"}, 90)
        desk = self.operator.page("/exceptions")
        group = self.operator.open(desk.link(f"subject={UNKNOWN}"))
        self.assertIn(f"It stops {len(orders)} orders", group.text)
        # First the mapping alone: the exceptions stand, and a dry run says what would happen.
        self.act(group, "/exceptions/group/map", codes=KNOWN, release="no")
        self.assertEqual(set(self.weir.views(orders).values()), {"exception"})
        planned = self.dry_run(orders[0])
        # Then its orders, at a pace.
        group = self.operator.open(self.operator.page("/exceptions").link(f"subject={UNKNOWN}"))
        self.act(group, "/exceptions/group/release")
        self.weir.until(orders, {"in ERP"}, 90)
        books = self.weir.sales()
        for order in orders:
            sale, = books[str(order["id"])]
            self.assertEqual(str(amount(sale["total_amount"])), order["total"])
        self.assert_was_planned(orders[0], planned)
        activity = self.operator.page("/activity").text
        for said in (OPERATOR, WHY, UNKNOWN, "is mapped to"):
            self.assertIn(said, activity)
        timeline = self.operator.page(f"/orders/{STORE}/{orders[0]['id']}").text
        for said in (f"refused it: {UNKNOWN}", f"{OPERATOR} let it go on", "its sales order is in the ERP"):
            self.assertIn(said, timeline)
        self.assertNotIn("href=\"/console/exceptions/group", self.operator.page("/exceptions").html)

    def dry_run(self, order: dict) -> list[tuple[str, str, object]]:
        """The requests that an order would make now: nothing is sent, and nobody is named."""
        sent, actions = len(self.erp.writes), len(self.actions())
        page = self.operator.open(
            self.operator.page(f"/orders/{STORE}/{order['id']}").link("/preview"))
        self.assertEqual(page.status, 200, page.text[:500])
        self.assertIn("Nothing was sent", page.text)
        self.assertEqual(len(self.erp.writes), sent, "a dry run changed something in the ERP")
        self.assertEqual(set(self.weir.views([order]).values()), {"exception"})
        self.assertEqual(len(self.actions()), actions, "to look is no action")
        # Guests are "main:guest:…" in the ERP: a word of ours.
        for canary in (*(canary for canary in CANARIES if canary != "guest"), "guest@"):
            self.assertNotIn(canary, page.html)
        shown = re.findall(r"<h3><code>(\w+) ([^<]+)</code></h3><pre[^>]*>([^<]*)</pre>", page.html)
        self.assertTrue(shown, page.text)
        return [(method, html.unescape(path), json.loads(html.unescape(body))) for method, path, body in shown]

    def assert_was_planned(self, order: dict, planned: list[tuple[str, str, object]]):
        """The sales order of the dry run is what was sent later, but for what is masked or an id to come."""
        (method, path, body), = [request for request in planned if "/sale.sale?" in request[1]]
        number = str(order["id"])
        sent = [json.loads(found) for verb, address, found in self.erp.writes if (verb, address) == (method, path)]
        sale, = [found for found in sent if found["web_id"] == number]
        self.assertEqual(body["web_id"], number)
        self.assertEqual(differences(body, sale), [])

    def test_an_order_is_held_by_a_person_and_goes_on_again(self):
        order = self.weir.buy({"CANDLE-L": 1})
        self.weir.until([order], {"in ERP"}, 60)
        address = f"/orders/{STORE}/{order['id']}"
        held = self.act(self.operator.page(address), f"{address}/hold")
        self.assertIn("held", held.text)
        # The shop says that something changed; nothing that is booked did.
        self.weir.rest("PUT", f"orders/{order['id']}", {"meta_data": [{"key": "_seen_by", "value": "somebody"}]})
        self.weir.wait_until_worked_off()
        self.assertEqual(self.weir.views([order])[order["id"]], "held")
        self.assertIn(f"{STORE}/{order['id']}", self.operator.page(f"/failed?store={STORE}&state=held").text)
        self.act(self.operator.page(address), f"{address}/retry")
        self.weir.until([order], {"in ERP"}, 90)
        done = [entry for entry in self.actions() if entry["subject"] == f"{STORE}/{order['id']}"]
        self.assertEqual([(entry["what"], entry["who"], entry["why"]) for entry in done],
                         [("retry", OPERATOR, WHY), ("hold", OPERATOR, WHY)])

    def test_a_dead_letter_is_read_and_sent_again(self):
        self.weir.faults(lose_every_nth_hint=1)
        self.addCleanup(self.weir.faults, lose_every_nth_hint=0)
        order = self.weir.buy({"SALT-250": 2})
        letters = self.stack.outputs["OrdersDeadLetterQueueUrl"]
        hint = {"v": 1, "store": STORE, "order": order["id"], "received_at": "2026-01-01T00:00:00Z",
                "cause": "webhook", "correlation": "a-dead-letter"}
        self.stack.aws.client("sqs").send_message(QueueUrl=letters, MessageBody=json.dumps(hint))
        self.assertEqual(self.weir.depth(letters), 1)
        page = self.operator.page("/queues?queue=orders")
        self.assertIn(f"{STORE}/{order['id']}", page.text)
        self.assertEqual(self.weir.depth(letters), 1, "to look takes nothing away")
        # Whoever looks hides a letter for some seconds: sending it again waits for that.
        done = self.act(page, "/queues/redrive")
        self.assertIn("sent to their queue again", done.text)
        self.assertEqual(self.weir.depth(letters), 0)
        self.weir.until([order], {"in ERP"}, 60)
        self.assertEqual(self.weir.dead_letters(), 0)

    def test_a_number_is_explained(self):
        stock = StockScene(self.weir)
        stock.event("LAMP-1")
        stock.until_settled({"LAMP-1": sellable(stock, "LAMP-1")}, 120)
        page = self.operator.page("/search?q=LAMP-1")
        self.assertRegex(page.text, r"ERP \d+")
        self.assertIn(str(int(stock.shown("LAMP-1"))), page.text)

    # ------------------------------------------------------------ webhooks

    def test_broken_webhooks_are_repaired_and_nothing_is_missed(self):
        hooks = {hook["topic"]: hook for hook in self.weir.webhooks()}
        self.weir.rest("DELETE", f"webhooks/{hooks['order.created']['id']}?force=true")
        self.weir.rest("PUT", f"webhooks/{hooks['order.updated']['id']}", {"status": "disabled"})
        self.weir.rest("PUT", f"webhooks/{hooks['order.deleted']['id']}",
                       {"delivery_url": f"{self.stack.shops[STORE].url}/elsewhere"})
        self.assertIn("order.created", self.weir.deaf())
        order = self.weir.buy({"MUG-S": 1})
        self.weir.ten_minutes_later(f"guard/{STORE}")
        self.weir.wait(self.weir.deaf, 60)
        self.weir.until([order], {"in ERP"}, 90)
        after = self.weir.webhooks()
        self.assertEqual(sorted(hook["topic"] for hook in after), sorted(hooks))
        self.assertNotIn(hooks["order.updated"]["id"], [hook["id"] for hook in after],
                         "a disabled one keeps its count of failures: it has to be made anew")
        # And they deliver: what is bought now is heard of without any tick.
        heard = self.weir.buy({"MUG-S": 1})
        self.weir.wait_without_ticks(
            lambda: "" if self.weir.views([heard])[heard["id"]] == "in ERP" else "nobody heard of it", 45)
        self.assertIn("webhooks were not delivering", self.operator.page(f"/reconciliation?store={STORE}").text)

    # ------------------------------------------------------------ the night

    def test_the_night_finds_what_nobody_told_and_a_second_one_finds_nothing(self):
        stock = StockScene(self.weir)
        stock.sync()
        # What changed in the last quarter of an hour is left alone. Nobody waits here for so long: by
        # this shop's clock, which is wrong from now on, these orders change in an hour.
        self.weir.control("PUT", "clock", {"advance_s": 3600})
        changed, trashed = (self.weir.buy({"BOARD-1": 1}) for _ in range(2))
        reserved, = self.weir.place("bank_transfer", seed=43)
        self.weir.until([changed, trashed], {"in ERP"}, 90)
        self.weir.until([reserved], {"reserved"}, 60)
        stock.event("POT-BLUE")
        stock.until_settled({"POT-BLUE": sellable(stock, "POT-BLUE")}, 120)
        self.night(30)
        # Nobody hears of any of this.
        self.weir.faults(lose_every_nth_hint=1)
        self.addCleanup(self.weir.faults, lose_every_nth_hint=0)
        warehouse = Warehouse(self.stack.tryton, STORE)
        warehouse.press("sale.sale", warehouse.sale(reserved), "cancel")
        self.weir.rest("DELETE", f"orders/{trashed['id']}")
        line = changed["line_items"][0]
        self.weir.control("POST", f"orders/{changed['id']}/silent", {
            "line_id": line["id"], "quantity": 2, "total": str(2 * float(line["total"]))})
        self.let_an_hour_pass(changed, trashed, reserved)
        shown = int(stock.shown("POT-BLUE"))
        product = self.weir.rest("GET", "products?sku=POT-BLUE")[0]
        self.weir.rest("PUT", f"products/{product['id']}", {"stock_quantity": shown + 7})
        found = self.night(60)
        print(f"\nnight: {json.dumps(found['differences'])}")
        about = {example["subject"]: example for example in found["examples"]}
        for order in (changed, trashed, reserved):
            self.assertIn(f"{STORE}/{order['id']}", about, found)
        self.assertIn("stock_drift", {example["kind"] for example in found["examples"]}, found)
        for tally in found["differences"].values():
            ended = tally["repaired"] + tally["parked"] + tally["known"] + tally["accepted"]
            self.assertEqual(tally["detected"], ended, "a difference that became nothing")
        self.weir.faults(lose_every_nth_hint=0)
        self.weir.until([changed, trashed, reserved], {"exception"}, 120)
        stock.until_settled({"POT-BLUE": shown}, 120)
        self.let_an_hour_pass(changed, trashed, reserved)
        again = self.night(60)
        new = sum(tally["repaired"] + tally["parked"] for tally in again["differences"].values())
        self.assertEqual(new, 0, again)
        self.assertIn("0 repaired, 0 for people", self.operator.page(f"/reconciliation?store={STORE}").text)

    def let_an_hour_pass(self, *orders: dict):
        """Whatever the ERP still says of these orders is worked off, and an hour is over since."""
        self.weir.follow()
        self.weir.wait_until_worked_off()
        self.weir.an_hour_later(*orders)

    def night(self, seconds: float) -> dict:
        """Tonight's match from its beginning, once more; its report."""
        self.weir.forget_the_night(STORE)
        report: dict = {}

        def under_way() -> str:
            answer = self.operator.open(f"{self.console}/api/reports?store={STORE}")
            reports = json.loads(answer.html)
            report.update(reports[0] if reports else {})
            return "" if report.get("ended_at") else f"the night is under way: {report}"

        self.weir.wait(under_way, seconds)
        return report

    # ---------------------------------------------------------------- logs

    def test_zz_every_count_is_valid_and_nothing_personal_was_logged_or_stored(self):
        """Last by name: everything before it has been logged."""
        log = self.weir.logs()
        for function in ("webhook", "console", "reconcile"):
            self.assertIn(f'"function":"{function}"', log, "its log is not where it is looked for")
        counted = set()
        for line in log.splitlines():
            if '"_aws"' not in line:
                continue
            entry = json.loads(line)
            directive, = entry["_aws"]["CloudWatchMetrics"]
            self.assertEqual(directive["Namespace"], "Weir/weir")
            self.assertIsInstance(entry["_aws"]["Timestamp"], int)
            self.assertLessEqual(max(map(len, directive["Dimensions"])), 1, line)
            for dimension in directive["Dimensions"]:
                self.assertLessEqual(set(dimension), {"store", "erp", "code"}, line)
                self.assertTrue(all(isinstance(entry[name], str) for name in dimension), line)
            for metric in directive["Metrics"]:
                self.assertIn(metric["Name"], entry, line)
                counted.add(metric["Name"])
        for name in ("OrdersAccepted", "OrderLatencyMs", "Exceptions", "ExceptionsOpen", "ErpCalls", "ShopCalls",
                     "WebhooksRepaired", "DifferencesDetected", "ConsoleActions", "OrdersReleased"):
            self.assertIn(name, counted, f"{name} was never counted; {sorted(counted)}")
        pages = self.weir.dynamo.get_paginator("scan").paginate(TableName=self.weir.table)
        stored = str([page["Items"] for page in pages])
        secrets = self.stack.config.secrets
        told = [secrets["weir/console"][name] for name in ("client_secret", "cookie_key")]
        for canary in (*CANARIES, "Mira", "Am Markt", secrets["weir/store/main"]["webhook_secret"], *told):
            self.assertNotIn(canary, stored, f"{canary} is in the ledger")
            self.assertNotIn(canary, log, f"{canary} is in a log")
        for person in PEOPLE:
            self.assertNotIn(person, log, "who acted is in the audit, and in no log")
        self.assertIn(OPERATOR, stored)


def differences(planned: object, sent: object, at: str = "") -> list[str]:
    """Where a request that was shown is another than the one that was sent."""
    if isinstance(planned, str) and ("•••" in planned or planned.startswith("(id of")):
        return []
    if isinstance(planned, dict) and isinstance(sent, dict) and planned.keys() == sent.keys():
        return [found for key in planned for found in differences(planned[key], sent[key], f"{at}/{key}")]
    if isinstance(planned, list) and isinstance(sent, list) and len(planned) == len(sent):
        pairs = enumerate(zip(planned, sent))
        return [found for number, pair in pairs for found in differences(*pair, f"{at}/{number}")]
    return [] if planned == sent else [f"{at}: {planned!r} was shown, {sent!r} sent"]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Shows where one would be sent."""

    def redirect_request(self, *_):
        return None


def once(method: str, url: str, headers: dict) -> tuple[int, str, str]:
    """One request without cookies: status, where to, and what is said."""
    request = urllib.request.Request(url, method=method, headers=headers, data=b"" if method != "GET" else None)
    try:
        answer = urllib.request.build_opener(NoRedirect).open(request, timeout=60)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers.get("Location", ""), answer.read().decode(errors="replace")


if __name__ == "__main__":
    unittest.main(verbosity=2)
