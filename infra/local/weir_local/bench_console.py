"""What the console costs where the ledger is large: pages, end to end, through the emulated AWS.

The rows are copies of what Weir wrote for real orders, each under an id of its own: so many that
are settled, and some hundreds that are open.
"""

import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from . import build, demo_config
from .browser import Browser
from .console import Failure, say, step
from .demo_config import STORE
from .provider import OPERATOR
from .scene import Scene
from .stack import LocalStack

ORDERS = 100_000
#: Of these so many are open: exceptions of several causes, and orders that wait.
EXCEPTIONS, WAITING, CAUSES = 300, 200, 12
REQUESTS = 20
#: What people open first, and the three questions.
PAGES = {"today": "", "stuck orders": "/stuck", "stale items": "/stale", "failed events": "/failed",
         "exceptions": "/exceptions"}
#: Rows of one request: DynamoDB's limit.
BATCH = 25


def bench(orders: int = ORDERS) -> None:
    """Fill the ledger, then open each page again and again; one line for each."""
    build.build()
    with LocalStack() as stack:
        stack.open_shop(STORE)
        stack.deploy(demo_config.write(stack))
        weir = Scene(stack)
        rows = templates(weir)
        with step(f"{orders:,} orders in the ledger, {EXCEPTIONS + WAITING} of them open"):
            fill(weir, rows, orders)
        person = Browser(stack.outputs["ConsoleUrl"])
        person.sign_in(OPERATOR)
        say(f"\n{'page':14} {'requests':>8} {'p50 ms':>8} {'max ms':>8} {'bytes':>8}")
        for name, path in PAGES.items():
            say(measure(person, name, path))


def templates(weir: Scene) -> dict[str, dict]:
    """Rows as Weir writes them: of an order that is through, of an exception, of one that waits."""
    placed = weir.place("card", "unmapped_sku", "bank_transfer", seed=31)
    views = ("in ERP", "exception", "reserved")
    weir.until(placed, set(views), 120)
    found = {}
    for order in placed:
        row = weir.dynamo.get_item(TableName=weir.table, Key={
            "pk": {"S": f"ORDER#{STORE}#{order['id']}"}, "sk": {"S": "RECORD"}})["Item"]
        found[row["view"]["S"]] = row
    if set(found) != set(views):
        raise Failure(f"these orders became {sorted(found)}, not {sorted(views)}")
    return found


def fill(weir: Scene, rows: dict[str, dict], orders: int) -> None:
    """Write them; ids begin where no order of the shop is."""
    first = 10_000_000

    def row(number: int) -> dict:
        if number < EXCEPTIONS:
            return copied(rows["exception"], first + number, f"FOG-{number % CAUSES}")
        kind = "reserved" if number < EXCEPTIONS + WAITING else "in ERP"
        return copied(rows[kind], first + number)

    def write(begin: int) -> None:
        batch = [{"PutRequest": {"Item": row(number)}} for number in range(begin, min(begin + BATCH, orders))]
        while batch:
            answer = weir.dynamo.batch_write_item(RequestItems={weir.table: batch})
            batch = answer.get("UnprocessedItems", {}).get(weir.table, [])

    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(write, range(0, orders, BATCH)))


def copied(row: dict, order: int, subject: str = "") -> dict:
    """A row under another order's id, and of an exception with another subject."""
    record = json.loads(row["record"]["S"])
    old = str(record["key"]["order"])
    record["key"]["order"] = type(record["key"]["order"])(order)
    at = datetime.now(timezone.utc) - timedelta(minutes=order % 1_000)
    copy = row | {"pk": {"S": f"ORDER#{STORE}#{order}"}}
    if "open_sk" in row:
        state = row["open_pk"]["S"].split("#")[1]
        when = row["open_sk"]["S"].split("#")[0]
        if subject:
            when = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            record["hold"]["subject"] = subject
            copy["subject"] = {"S": subject}
        copy["open_pk"] = {"S": f"{STORE}#{state}#{shard(order)}"}
        copy["open_sk"] = {"S": f"{when}#{order}"}
    text = json.dumps(record)
    if old not in row["pk"]["S"]:
        raise Failure(f"order {old} is not the one of {row['pk']['S']}")
    return copy | {"record": {"S": text}}


def shard(order: int) -> int:
    """As the ledger spreads orders over the index."""
    return (order * 0x9E3779B97F4A7C15 % 2**64) >> 62


def measure(person: Browser, name: str, path: str) -> str:
    """Open one page several times, the first of them not counted: it may start a process."""
    size = len(person.page(path).html.encode())
    times = []
    for _ in range(REQUESTS):
        began = time.monotonic()
        person.page(path)
        times.append((time.monotonic() - began) * 1000)
    return f"{name:14} {REQUESTS:>8} {statistics.median(times):>8.0f} {max(times):>8.0f} {size:>8}"
