"""What the demo and the end-to-end tests do and see: the shop, the ledger, the ERP's books."""

import base64
import hashlib
import hmac
import json
import time
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from . import deploy
from .demo_config import ERP, STORE
from .console import Failure
from .stack import LocalStack

#: What Weir registers in a shop.
TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored")
#: Views of a record that nothing more will happen to by itself.
SETTLED = {"in ERP", "part shipped", "shipped", "returned", "reserved", "exception", "cancelled",
           "closed", "not imported", "held"}


class Scene:
    """One shop of a deployed stack."""

    def __init__(self, stack: LocalStack, store: str = STORE):
        self.stack, self.store = stack, store
        self.shop = stack.shops[store]
        self.table = stack.outputs["LedgerTable"]
        self.dynamo = stack.aws.client("dynamodb")
        self.functions = stack.aws.client("lambda")
        self.wait(self.deaf, 60)

    # ------------------------------------------------------------- the shop

    def rest(self, method: str, path: str, body: dict | None = None) -> dict:
        """The shop's REST API, as an operator's script would use it."""
        key = f"{self.shop.consumer_key}:{self.shop.consumer_secret}".encode()
        headers = {"Authorization": f"Basic {base64.b64encode(key).decode()}"}
        return call(method, f"{self.shop.url}/wp-json/wc/v3/{path}", body, headers)

    def control(self, method: str, path: str, body: dict | None = None) -> dict:
        """What only the stand-in has: orders on demand, faults, the log of deliveries."""
        return call(method, f"{self.shop.url}/_control/{path}", body)

    def place(self, *kinds: str, count: int = 0, seed: int = 1) -> list[dict]:
        """Customers order: ``count`` orders of these kinds in turn; one of each if 0."""
        body = {"count": count or len(kinds), "kinds": list(kinds), "seed": seed}
        return self.control("POST", "orders/place", body)["orders"]

    def buy(self, units: dict[str, int], in_stock: bool = False) -> dict:
        """A customer checks out; the order as the REST API shows it.

        ``in_stock``: refused with 409 where the shop has too few.
        """
        return self.control("POST", f"orders?created_via=checkout&in_stock={int(in_stock)}", {
            "status": "processing", "set_paid": True, "payment_method": "stripe",
            "line_items": [self.item(sku, quantity) for sku, quantity in units.items()],
            "shipping_lines": [{"method_id": "flat_rate", "method_title": "Parcel", "total": "4.12"}],
            "billing": {"first_name": "Mira", "last_name": "Petersen", "country": "DE", "city": "Rostock",
                        "address_1": "Am Markt 3", "postcode": "18055", "email": "guest@example.com"},
        })

    def item(self, sku: str, quantity: int) -> dict:
        """A line of a basket."""
        product = self.rest("GET", f"products?sku={sku}")[0]
        line = {"product_id": product["parent_id"] or product["id"], "quantity": quantity}
        return line | ({"variation_id": product["id"]} if product["parent_id"] else {})

    def faults(self, **switches) -> None:
        """Set the stand-in's fault switches."""
        self.control("PUT", "faults", switches)

    def status(self, order: int, status: str, **fields) -> None:
        """Somebody changes an order in the shop's admin."""
        self.control("POST", f"orders/{order}/status", {"status": status, **fields})

    def refund(self, order: int, amount: Decimal, lines: list[dict] | None = None) -> dict:
        """Somebody refunds in the shop's admin; no gateway is asked and nothing restocked."""
        return self.rest("POST", f"orders/{order}/refunds", {
            "amount": str(amount), "reason": "changed her mind", "line_items": lines or [],
            "api_refund": False, "api_restock": False})

    def refund_units(self, order: int, at: int = 0, units: int = 1) -> dict:
        """Units of the line at this place are given back for, with their tax."""
        line = self.rest("GET", f"orders/{order}")["line_items"][at]
        net, *taxes = [cents(Decimal(value) * units / line["quantity"])
                       for value in (line["total"], *(tax["total"] or "0" for tax in line["taxes"]))]
        rates = [tax["id"] for tax in line["taxes"]]
        return self.refund(order, net + sum(taxes), [{
            "id": line["id"], "quantity": units, "refund_total": float(net),
            "refund_tax": [{"id": rate, "refund_total": float(tax)} for rate, tax in zip(rates, taxes)]}])

    # ----------------------------------------------------------------- Weir

    def webhooks(self) -> list[dict]:
        """The shop's webhooks."""
        return self.rest("GET", "webhooks?per_page=100")

    def deaf(self) -> str:
        """Which webhooks are missing, or do not deliver to us; the first tick makes them."""
        here = f"{self.stack.outputs['ApiUrl']}/stores/{self.store}/webhooks"
        heard = {hook["delivery_url"] for hook in self.webhooks() if hook["status"] == "active"}
        missing = [topic for topic in TOPICS if f"{here}/{topic}" not in heard]
        return f"the shop has no webhooks for {missing}" if missing else ""

    def tick(self) -> None:
        """The minute tick, brought forward."""
        self.invoke("reconcile")

    def follow(self) -> None:
        """The schedule of fulfilment, brought forward: which orders changed in the ERP."""
        self.invoke("fulfilment")

    def invoke(self, function: str) -> None:
        """Run a function as its schedule does."""
        answer = self.functions.invoke(FunctionName=f"{deploy.STACK}-{function}", Payload=b"{}")
        if answer.get("FunctionError"):
            raise Failure(f"{function} failed: {answer['Payload'].read()[:300]!r}")

    def event(self, kind: str, data: dict, source: str = "erp") -> None:
        """A signed event of the ERP, the WMS or the POS."""
        body = json.dumps({
            "type": kind, "timestamp": datetime.now(timezone.utc).isoformat(), "data": data,
        }).encode()
        url = f"{self.stack.outputs['ApiUrl']}/erps/{ERP}/events/{source}"
        secret = self.stack.config.secrets[f"weir/erp/{ERP}"]["event_secrets"][source][0]
        request = urllib.request.Request(url, data=body, headers=signed(secret, body))
        with urllib.request.urlopen(request, timeout=30) as answer:
            if answer.status != 202:
                raise Failure(f"the event was answered {answer.status}")

    def changed(self, *orders: dict, kind: str = "shipment.changed") -> None:
        """An event of the ERP: something of these orders changed."""
        self.event(kind, {"store": self.store, "orders": [str(order["id"]) for order in orders]})

    def records(self) -> dict[int, dict]:
        """The record of every order of this shop, by the shop's id."""
        pages = self.dynamo.get_paginator("scan").paginate(
            TableName=self.table, ConsistentRead=True,
            FilterExpression="sk = :sk", ExpressionAttributeValues={":sk": {"S": "RECORD"}})
        rows = [row for page in pages for row in page["Items"] if "record" in row]
        return {
            int(record["key"]["order"]): {**record, "view": row["view"]["S"]}
            for row in rows for record in [json.loads(row["record"]["S"])]
            if record["key"]["store"] == self.store
        }

    def views(self, orders: list[dict]) -> dict[int, str]:
        """What people see of these orders; empty for one that Weir never heard of."""
        records = self.records()
        return {order["id"]: records.get(order["id"], {}).get("view", "") for order in orders}

    def until(self, orders: list[dict], views: set[str], seconds: float, shown=None) -> dict[int, str]:
        """Let time pass, with a tick every few seconds, until all orders are in one of ``views``."""
        now: dict[int, str] = {}

        def late() -> str:
            now.update(self.views(orders))
            if shown:
                shown(now)
            waiting = {order: view or "unheard of" for order, view in now.items() if view not in views}
            return f"these orders are not yet {sorted(views)}: {waiting}" if waiting else ""

        self.wait(late, seconds)
        return now

    def until_credited(self, orders: list[dict], count: int, seconds: float) -> None:
        """Let time pass until ``count`` refunds of each order are in the ERP."""
        def late() -> str:
            records = self.records()
            credits = {order["id"]: records[order["id"]].get("refunds", {}) for order in orders}
            short = {order: found for order, found in credits.items()
                     if sum(credit["booked"] for credit in found.values()) != count}
            return f"these refunds are not all in the ERP: {short}" if short else ""

        self.wait(late, seconds)

    def wait(self, late, seconds: float) -> None:
        """Let time pass, with a tick every few seconds, until ``late`` says that nothing is."""
        deadline = time.monotonic() + seconds
        while reason := late():
            if time.monotonic() > deadline:
                raise Failure(f"after {seconds:.0f} s {reason}")
            self.tick()
            # Not for luck: the interval between two looks.
            time.sleep(2)

    def wait_without_ticks(self, late, seconds: float) -> None:
        """The same, but for the ticks."""
        deadline = time.monotonic() + seconds
        while reason := late():
            if time.monotonic() > deadline:
                raise Failure(f"after {seconds:.0f} s {reason}")
            time.sleep(1)  # Not for luck: the interval between two looks.

    def wait_until_worked_off(self, seconds: float = 60) -> None:
        """Until no message about an order waits, or is at work."""
        queues = ("OrdersQueueUrl", "FulfilmentQueueUrl")
        self.wait_without_ticks(lambda: "messages wait" if any(
            self.depth(self.stack.outputs[queue]) for queue in queues) else "", seconds)

    def ten_minutes_later(self, job: str) -> None:
        """For scheduled work that is done every ten minutes: its next run is due."""
        def due(item: dict) -> None:
            cursor = json.loads(item["cursor"]["S"])
            cursor["next_run"] = "2000-01-01T00:00:00Z"
            self.dynamo.update_item(
                **self.at_rest(job), UpdateExpression="SET #cursor = :cursor",
                ExpressionAttributeNames={"#cursor": "cursor", "#until": "lease_until"},
                ExpressionAttributeValues={":cursor": {"S": json.dumps(cursor)}, ":ended": {"N": "0"}})

        self.between_runs(job, due)

    def forget_the_night(self, store: str) -> None:
        """Tonight's match is as if it had never begun."""
        job = f"match/{store}"
        self.between_runs(job, lambda _: self.dynamo.update_item(
            **self.at_rest(job), UpdateExpression="REMOVE #cursor",
            ExpressionAttributeNames={"#cursor": "cursor", "#until": "lease_until"},
            ExpressionAttributeValues={":ended": {"N": "0"}}))
        kept = self.dynamo.query(
            TableName=self.table, KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"REPORT#{store}"}})["Items"]
        for item in kept:
            self.dynamo.delete_item(TableName=self.table, Key={"pk": item["pk"], "sk": item["sk"]})

    def an_hour_later(self, *orders: dict) -> None:
        """For Weir an hour has passed since it looked at these orders."""
        for order in orders:
            key = {"pk": {"S": f"ORDER#{self.store}#{order['id']}"}, "sk": {"S": "RECORD"}}
            stored = self.dynamo.get_item(TableName=self.table, Key=key, ConsistentRead=True)["Item"]["record"]
            record = json.loads(stored["S"])
            for facts, name in ((record["seen"], "read_at"), (record, "in_erp_at"), (record, "in_doubt_until")):
                if facts.get(name):
                    facts[name] = earlier(facts[name])
            # Refused if somebody was faster.
            self.dynamo.update_item(
                TableName=self.table, Key=key, UpdateExpression="SET #record = :new",
                ConditionExpression="#record = :old", ExpressionAttributeNames={"#record": "record"},
                ExpressionAttributeValues={":new": {"S": json.dumps(record)}, ":old": stored})

    def logs(self) -> str:
        """Everything that the functions have logged: where the emulator prints it, and where AWS keeps it."""
        client = self.stack.aws.client("logs")
        groups = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/aws/lambda/")
        names = [group["logGroupName"] for page in groups for group in page["logGroups"]]
        lines = [(self.stack.folder / "ministack.log").read_text(errors="replace")]
        for name in names:
            for page in client.get_paginator("filter_log_events").paginate(logGroupName=name):
                lines += [event["message"] for event in page["events"]]
        return "\n".join(lines)

    def at_rest(self, job: str) -> dict:
        """The row of scheduled work, on the condition that nobody is at it."""
        return {"TableName": self.table, "Key": self.schedule(job), "ConditionExpression": "#until = :ended"}

    def schedule(self, job: str) -> dict:
        """The key of that row."""
        return {"pk": {"S": f"SCHEDULE#{job}"}, "sk": {"S": "STATE"}}

    def between_runs(self, job: str, change) -> None:
        """Change scheduled work's row, as soon as nobody is at it."""
        def busy() -> str:
            item = self.dynamo.get_item(TableName=self.table, Key=self.schedule(job), ConsistentRead=True).get("Item")
            if not item or "cursor" not in item:
                return ""
            try:
                change(item)
            except self.dynamo.exceptions.ConditionalCheckFailedException:
                return f"{job} is at work"
            return ""

        self.wait_without_ticks(busy, 60)

    def dead_letters(self) -> int:
        """Messages about orders that nobody could work on."""
        queues = ("OrdersDeadLetterQueueUrl", "FulfilmentDeadLetterQueueUrl")
        return sum(self.depth(self.stack.outputs[queue]) for queue in queues)

    def depth(self, queue_url: str) -> int:
        """Messages in a queue, in flight and delayed ones included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                 "ApproximateNumberOfMessagesDelayed"]
        answer = self.stack.aws.client("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
        return sum(int(answer["Attributes"].get(name, 0)) for name in names)

    # -------------------------------------------------------------- the ERP

    def sales(self) -> dict[str, list[dict]]:
        """The ERP's books: this shop's sales by the reference that Weir gave them."""
        fields = ["number", "state", "web_id", "currency.code", "untaxed_amount", "tax_amount",
                  "total_amount", "payments.amount", "payments.state"]
        domain = [["web_shop", "=", self.stack.tryton.ids["web_shops"][self.store]]]
        books: dict[str, list[dict]] = {}
        for sale in self.stack.tryton.get("sale.sale", domain, fields):
            books.setdefault(sale["web_id"], []).append(sale)
        return books


def signed(secret: str, body: bytes) -> dict[str, str]:
    """Headers of the Standard Webhooks scheme (standardwebhooks.com, version 1)."""
    message, sent_at = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.new(key, f"{message}.{sent_at}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": sent_at,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def earlier(instant: str) -> str:
    """The same instant, an hour before."""
    whole, _, _ = instant.rstrip("Z").partition(".")
    moved = datetime.fromisoformat(whole) - timedelta(hours=1)
    return moved.strftime("%Y-%m-%dT%H:%M:%SZ")


def cents(value: Decimal) -> Decimal:
    """Rounded as a shop rounds."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def amount(value: dict) -> Decimal:
    """A decimal as Tryton writes it."""
    return Decimal(value["decimal"])


def call(method: str, url: str, body: dict | None, headers: dict | None = None) -> dict:
    """One JSON exchange."""
    request = urllib.request.Request(
        url, method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
