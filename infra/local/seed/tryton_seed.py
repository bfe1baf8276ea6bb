"""Fill a fresh Tryton database with the local stack's company.

Runs inside the Tryton virtual environment:

    python tryton_seed.py DATABASE_DIR DATABASE_NAME IDS_FILE

What is created is data, not code: ``books.json`` (company, currencies, taxes,
warehouses, web shops, payment journals, services) and ``catalogue.json`` (goods
with their stock). The ids that Tryton gave are written to IDS_FILE, keyed by the
codes of those two files, so that configuration and mappings can be generated.
"""

import datetime
import json
import os
import sys
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent

MODULES = [
    "account_invoice_stock",
    "account_payment",
    "sale",
    "sale_payment",
    "sale_price_list",
    "sale_shipment_cost",
    "stock_package_shipping",
    "web_shop",
]

# The rights of the user behind the REST key: what an order import needs, no more.
GROUPS = [
    "Sales",
    "Sales Administrator",
    "Party Administration",
    "Stock",
    "Payment",
    "Payment Approval",
    "Accounting",
    "Product Administration",
]


def initialise(directory, name):
    """Create the SQLite file, its schema and the administrator."""
    from trytond import admin, backend, commandline

    path = Path(directory) / "admin-password"
    path.write_text("local-stack-only\n")
    os.environ["TRYTONPASSFILE"] = str(path)
    backend.Database().create(None, name)
    options = commandline.get_parser_admin().parse_args(
        ["-d", name, "-u", *MODULES, "--activate-dependencies"]
    )
    options.email = ""  # none; the option itself takes no empty value
    admin.run(options)
    path.unlink()


class Seed:
    """The steps, in order; each keeps the records that a later one refers to."""

    def __init__(self, config, books, catalogue):
        self.config, self.books, self.catalogue = config, books, catalogue
        self.today = datetime.date.today()
        self.ids = {}

    def model(self, name):
        from proteus import Model

        return Model.get(name, config=self.config)

    def create(self, model, /, **values):
        record = self.model(model)(**values)
        record.save()
        return record

    def one(self, model, *domain):
        record, = self.model(model).find(list(domain), limit=1)
        return record

    def run(self):
        self.geography()
        self.company()
        self.chart_of_accounts()
        self.fiscal_years()
        self.taxes()
        self.warehouses()
        self.products()
        self.stock_on_hand()
        self.web_shops()
        self.payment_journals()
        self.carriers()
        self.rest_user()
        return self.ids

    def geography(self):
        self.currencies = {}
        for row in self.books["currencies"]:
            currency = self.model("currency.currency")(
                code=row["code"], name=row["name"], symbol=row["symbol"],
                rounding=Decimal(row["rounding"]), digits=row["digits"])
            currency.rates.new(
                date=datetime.date(2000, 1, 1), rate=Decimal(row["rate"]))
            currency.save()
            self.currencies[row["code"]] = currency
        countries, subdivisions = {}, {}
        for row in self.books["countries"]:
            country = self.create(
                "country.country",
                code=row["code"], code3=row["code3"], name=row["name"])
            countries[row["code"]] = country.id
            for part in row.get("subdivisions", []):
                subdivisions[part["code"]] = self.create(
                    "country.subdivision", country=country, type="state",
                    code=part["code"], name=part["name"]).id
        self.ids["currencies"] = {c: r.id for c, r in self.currencies.items()}
        self.ids["countries"] = countries
        self.ids["subdivisions"] = subdivisions

    def company(self):
        from proteus import Wizard

        row = self.books["company"]
        wizard = Wizard("company.company.config", config=self.config)
        wizard.execute("company")
        wizard.form.party = self.create("party.party", name=row["name"])
        wizard.form.currency = self.currencies[row["currency"]]
        wizard.execute("add")
        user = self.model("res.user")
        self.config._context = user.get_preferences(True, {})
        self.home = self.one("company.company")
        self.ids["company"] = self.home.id

    def chart_of_accounts(self):
        """Tryton's own minimal chart, with one category of goods and services."""
        from proteus import Wizard

        template = self.model("account.account.template")(
            self.model("ir.model.data").get_id(
                "account.account_template_root_en", self.config.context))
        wizard = Wizard("account.create_chart", config=self.config)
        wizard.execute("account")
        wizard.form.account_template = template
        wizard.form.company = self.home
        wizard.execute("create_account")
        self.revenue = self.account_of_kind("revenue")
        self.expense = self.account_of_kind("expense")
        wizard.form.account_receivable = self.account_of_kind("receivable")
        wizard.form.account_payable = self.account_of_kind("payable")
        wizard.form.category_account_revenue = self.revenue
        wizard.form.category_account_expense = self.expense
        wizard.execute("create_properties")
        self.category = self.create(
            "product.category", name="Everything sold", accounting=True,
            account_revenue=self.revenue, account_expense=self.expense)

    def account_of_kind(self, kind):
        return self.one(
            "account.account", (f"type.{kind}", "=", True),
            ("company", "=", self.home.id), ("closed", "!=", True))

    def fiscal_years(self):
        """Last year to the year after next, so that a cached database lasts."""
        move = self.one("ir.sequence.type", ("name", "=", "Account Move"))
        invoice = self.one("ir.sequence.type", ("name", "=", "Invoice"))
        for year in range(self.today.year - 1, self.today.year + 3):
            numbers = self.create(
                "ir.sequence.strict", name=f"Invoices {year}",
                sequence_type=invoice, company=self.home, prefix=f"{year}-")
            fiscal = self.model("account.fiscalyear")(
                name=str(year), company=self.home,
                start_date=datetime.date(year, 1, 1),
                end_date=datetime.date(year, 12, 31),
                move_sequence=self.create(
                    "ir.sequence.strict", name=f"Moves {year}",
                    sequence_type=move, company=self.home))
            sequences, = fiscal.invoice_sequences
            for field in ("out_invoice", "in_invoice",
                          "out_credit_note", "in_credit_note"):
                setattr(sequences, f"{field}_sequence", numbers)
            fiscal.save()
            fiscal.click("create_period")

    def taxes(self):
        """Taxes by key, and for each currency the one that is a minor unit of it."""
        account = self.one("account.account", ("name", "like", "Accrued Taxes (Other%"))
        self.ids["taxes"], self.ids["tax_units"] = {}, {}
        for row in self.books["taxes"]:
            tax = self.model("account.tax")(
                name=row["name"], description=row["name"], company=self.home,
                type=row["type"], invoice_account=account,
                credit_note_account=account)
            field = "rate" if row["type"] == "percentage" else "amount"
            setattr(tax, field, Decimal(row[field]))
            tax.save()
            self.ids["taxes"][row["key"]] = tax.id
            for currency in row.get("unit_of", []):
                self.ids["tax_units"][currency] = tax.id

    def warehouses(self):
        """The warehouse that Tryton ships becomes the first one."""
        location = self.model("stock.location")
        rows = self.books["warehouses"]
        first, = location.find([("type", "=", "warehouse")])
        first.code, first.name = rows[0]["code"], rows[0]["name"]
        first.save()
        self.storage = {rows[0]["code"]: first.storage_location}
        warehouses = {rows[0]["code"]: first.id}
        for row in rows[1:]:
            parts = {
                f"{kind}_location": self.create(
                    "stock.location", name=f"{row['name']}, {kind}", type=type_)
                for kind, type_ in [("input", "storage"), ("output", "storage"),
                                    ("storage", "storage")]
            }
            warehouse = self.create(
                "stock.location", name=row["name"], code=row["code"],
                type="warehouse", **parts)
            self.storage[row["code"]] = parts["storage_location"]
            warehouses[row["code"]] = warehouse.id
        self.ids["warehouses"] = warehouses

    def products(self):
        self.unit = self.one("product.uom", ("name", "=", "Unit"))
        services = [
            {"name": row["name"], "variants": [{"code": row["code"], "price": "0"}]}
            for row in self.books["services"]
        ]
        self.skus = {}
        for kind, rows in (("goods", self.catalogue), ("service", services)):
            for row in rows:
                self.template(kind, row)
        self.ids["uom"] = {"unit": self.unit.id}
        self.ids["products"] = {code: p.id for code, p in self.skus.items()}

    def template(self, kind, row):
        """One product template; several variants are a variable product's variations."""
        template = self.model("product.template")(
            name=row["name"], type=kind, default_uom=self.unit, salable=True,
            account_category=self.category,
            list_price=Decimal(row["variants"][0]["price"]))
        variants = [template.products[0]]
        while len(variants) < len(row["variants"]):
            variants.append(template.products.new())
        for variant, values in zip(variants, row["variants"]):
            variant.suffix_code = values["code"]
        template.save()
        for variant in template.products:
            self.skus[variant.code] = variant

    def stock_on_hand(self):
        """Received from the lost-and-found location, as an inventory count would."""
        found = self.one("stock.location", ("type", "=", "lost_found"))
        move = self.model("stock.move")
        moves = []
        for row in self.catalogue:
            for variant in row["variants"]:
                for code, quantity in variant["stock"].items():
                    moves.append(move(
                        product=self.skus[variant["code"]], unit=self.unit,
                        quantity=quantity, from_location=found,
                        to_location=self.storage[code], company=self.home,
                        planned_date=self.today, effective_date=self.today))
        for start in range(0, len(moves), 20):
            chunk = moves[start:start + 20]
            move.save(chunk)
            move.click(chunk, "do")

    def web_shops(self):
        self.ids["web_shops"] = {}
        location = self.model("stock.location")
        for row in self.books["web_shops"]:
            shop = self.model("web.shop")(
                name=row["name"], company=self.home,
                currency=self.currencies[row["currency"]])
            for code in row["warehouses"]:
                shop.warehouses.append(location(self.ids["warehouses"][code]))
            shop.save()
            self.ids["web_shops"][row["name"]] = shop.id

    def payment_journals(self):
        """One journal per method and currency: a Tryton journal has one currency."""
        self.ids["payment_journals"] = {}
        for row in self.books["payment_journals"]:
            self.ids["payment_journals"][row["key"]] = {
                code: self.create(
                    "account.payment.journal", name=f"{row['name']} {code}",
                    company=self.home, currency=currency,
                    process_method="manual").id
                for code, currency in self.currencies.items()
            }

    def carriers(self):
        self.ids["carriers"] = {}
        for code in ("SHIP-STD", "SHIP-EXP"):
            party = self.create("party.party", name=f"Carrier {code}")
            self.ids["carriers"][code] = self.create(
                "carrier", party=party, carrier_product=self.skus[code],
                carrier_cost_method="product").id

    def rest_user(self):
        """A user of its own for the REST key, with the rights of an order import."""
        group = self.model("res.group")
        groups = group.find([("name", "in", GROUPS)])
        missing = set(GROUPS) - {g.name for g in groups}
        if missing:
            raise SystemExit(f"unknown Tryton groups: {sorted(missing)}")
        user = self.model("res.user")(name="Weir", login="weir")
        user.companies.append(self.home)
        user.company = self.home
        for row in groups:
            user.groups.append(group(row.id))
        user.groups.append(self.payment_import_group())
        user.save()
        key = self.create("res.user.application", user=user, application="rest")
        self.ids["user"] = user.id
        self.ids["api_key"] = key.key


    def payment_import_group(self):
        """Booking a payment that a shop has taken needs a payment group of its own;
        Tryton lets no group of its own create one outside the client's wizard."""
        group = self.create("res.group", name="Payment Import")
        self.create(
            "ir.model.access", model="account.payment.group", group=group,
            perm_read=True, perm_create=True, perm_write=True, perm_delete=False)
        return group


def main(directory, name, ids_file):
    os.environ["TRYTOND_DATABASE__PATH"] = directory
    from proteus import config as proteus_config

    books = json.loads((HERE / "books.json").read_text(encoding="utf-8"))
    catalogue = json.loads((HERE / "catalogue.json").read_text(encoding="utf-8"))
    initialise(directory, name)
    config = proteus_config.set_trytond(f"sqlite:///{name}")
    ids = Seed(config, books, catalogue).run()
    ids["database"] = name
    Path(ids_file).write_text(json.dumps(ids, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
