"""The configuration that demo and tests play in: our shops and our Tryton, by the ids of the seed,
and our identity provider.

The same documents that a user writes.
"""

import base64
import json
import secrets
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .provider import USERS
from .shop import Shop
from .stack import LocalStack
from .tryton import Tryton

#: The store of the demo and the tests, and one more for tests that need two.
STORE, SECOND = "main", "us"
ERP = "tryton"
#: The legal entity whose stock the store sells.
ENTITY = "main"
#: The seed's warehouses as locations; the second one is a shop floor, whose till owns its stock.
LOCATIONS = {"warehouse": ("WH1", "erp"), "floor": ("WH2", "pos")}

#: WooCommerce's payment methods → the seed's payment journals.
METHODS = {
    "stripe": "card",
    "paypal": "paypal",
    "bacs": "bank-transfer",
    "cod": "cash-on-delivery",
}

#: How three gift card plugins show what was redeemed.
TENDER = [
    {"plugin": "field", "name": "gift_cards"},
    {"plugin": "metadata", "key": "_ywgc_applied_gift_cards"},
    {"plugin": "fee", "name": "Gift card GIFT-3X8P"},
]

#: Tax rates of the stand-in, by its rate ids (the order in its settings) → the seed's taxes.
#: ``none`` says that goods for the country are sold without tax.
TAXES = {
    "rates:1": ["de-19"],
    "rates:2": ["de-7"],
    "rates:3": ["fr-20"],
    "rates:4": ["fr-5.5"],
    "rates:5": ["us-ca"],
    "rates:5+6": ["us-ca", "us-ca-la"],
    "none:DE": [],
    "none:US": [],
    "none:JP": [],
    "none:GB": [],
    "none:AT:exempt-vat-id": [],
}

SHIPPING = {method: ["SHIP-STD"] for method in ("flat_rate", "free_shipping", "local_pickup")}

FEES = {"name:Gift wrap": ["WRAP"], "refund": ["ALLOWANCE"], "any": ["FEE"]}


def write(stack: LocalStack, erp_url: str = "", shop_urls: dict[str, str] | None = None, **store) -> Path:
    """Write documents and secrets into the run's folder; the URLs may be proxies', ``store``
    replaces keys of stores.

    A shop's name is that of its store and of its ``web.shop`` in the seed.
    """
    folder, tryton, shops = stack.folder / "config", stack.tryton, stack.shops
    save(folder / "erps" / f"{ERP}.json", erp_document(tryton, shops, erp_url or tryton.url))
    values = {f"weir/erp/{ERP}": {
        "api_key": tryton.api_key,
        "event_secrets": {source: [event_secret()] for source in ("erp", "wms", "pos")},
    }}
    for name, shop in shops.items():
        url = (shop_urls or {}).get(name, shop.url)
        save(folder / "stores" / f"{name}.json", {**store_document(shop, url), **store})
        save(folder / "mappings" / f"{name}.json", mapping_document(shop))
        values[f"weir/store/{name}"] = {
            "consumer_key": shop.consumer_key,
            "consumer_secret": shop.consumer_secret,
            "webhook_secret": secrets.token_hex(20),
        }
    save(folder / "console.json", console_document(stack))
    values["weir/console"] = {
        "client_id": "weir-console",
        "client_secret": secrets.token_hex(20),
        "cookie_key": secrets.token_hex(40),
    }
    save(folder / "secrets.local.json", values)
    return folder


def console_document(stack: LocalStack) -> dict:
    """Who may use the console: by the groups that the provider knows of its users."""
    groups = sorted({group for of_user in USERS.values() for group in of_user})
    return {
        "issuer": stack.provider.url,
        "secret": "weir/console",
        "url": f"{stack.gate.url}/",
        "roles": {
            "claim": "groups",
            "read": [group for group in groups if group.endswith("-read")],
            "act": [group for group in groups if group.endswith("-act")],
        },
    }


def erp_document(tryton: Tryton, shops: dict[str, Shop], url: str) -> dict:
    """One Tryton: where it is, and its ids."""
    ids = tryton.ids
    return {
        "erp": ERP,
        "kind": "tryton",
        "url": f"{url}/",
        "secret": f"weir/erp/{ERP}",
        "timeout_s": 20,
        "longest_request_s": 20,
        "database": tryton.database,
        "company": ids["company"],
        "warehouse": ids["warehouses"]["WH1"],
        "locations": {
            name: {"warehouse": ids["warehouses"][code], "owner": owner}
            for name, (code, owner) in LOCATIONS.items()
        },
        "web_shops": {name: ids["web_shops"][name] for name in shops},
        "taxes": ids["taxes"],
        # A Tryton journal has one currency.
        "journals": {
            f"{journal}:{currency}": record
            for journal, by_currency in ids["payment_journals"].items()
            for currency, record in by_currency.items()
        },
        "rounding": {"item": "ROUNDING", "tax_unit": ids["tax_units"]},
    }


def store_document(shop: Shop, url: str) -> dict:
    """One shop, polled every minute, without the patience that real customers need."""
    return {
        "store": shop.name,
        "url": f"{url}/",
        "secret": f"weir/store/{shop.name}",
        "entities": [{"entity": ENTITY, "erp": ERP}],
        "import": {
            "methods": {
                "default": {"processing": "ship_if_paid", "completed": "ship_if_paid"},
                "bacs": {"on-hold": "reserve", "processing": "ship", "completed": "ship"},
                "cod": {"processing": "ship", "completed": "ship"},
            },
            "quiet_period_s": 0,
            "reserve_days": 14,
        },
        "items": "same_sku",
        # A stand-in on this machine answers at once or never.
        "stock": {"entity": ENTITY, "locations": sorted(LOCATIONS), "longest_request_s": 5},
        # Whoever sits at this machine has asked for no mails.
        "fulfilment": {
            "note": {"text": "Sent on {date} by {carrier}, tracking number {tracking} {link}",
                     "to_customer": False},
            "returns": "refund",
            "longest_request_s": 5,
        },
        "tender": TENDER,
        "vat_id_key": "_billing_vat_number",
        "poll": {"every_minutes": 1, "overlap_minutes": 10, "first_hours": 24},
        "cut_over": (datetime.now(timezone.utc) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def mapping_document(shop: Shop) -> dict:
    """What the shop's names mean in the seeded ERP."""
    gift_cards = {f"tender:{rule['plugin']}:{rule.get('name') or rule.get('key')}": ["gift-card"] for rule in TENDER}
    return {
        "store": shop.name,
        "mappings": {
            "tax": TAXES,
            "payment": {method: [journal] for method, journal in METHODS.items()} | gift_cards,
            "shipping": SHIPPING,
            "fee": FEES,
        },
    }


def event_secret() -> str:
    """A signing secret of the Standard Webhooks scheme."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def save(file: Path, document: dict) -> None:
    """Write one document."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
