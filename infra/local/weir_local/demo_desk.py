"""An operator's morning: what waits for people is found, understood, and put right once."""

import json

from .browser import Browser, Form
from .console import Failure, say, step
from .demo_config import STORE
from .provider import OPERATOR
from .scene import Scene

#: What the shop's article that nobody had mapped is in the ERP.
CODE = "MIST-075"
WHY = "the shop sells it under its own number"


def morning(weir: Scene, unmapped: list[dict]) -> None:
    """The acts, in order; the orders are in the ERP at the end."""
    say("\nAn operator's morning:")
    console = weir.stack.outputs["ConsoleUrl"]
    person = Browser(console)
    with step(f"{OPERATOR} signs in at {console}, at the identity provider"):
        person.sign_in(OPERATOR)
    for group in groups(person):
        say(f"    {group['orders']} orders wait for one cause, {group['code']} {group['subject']}:"
            f" {group['meaning']['means']}; to do: {group['meaning']['to_do']}")
        with step(f"the mapping {group['subject']} → {CODE} is added, and its orders are released"):
            page = person.open(person.page("/exceptions").link(f"subject={group['subject']}"))
            act(person, page.form("/exceptions/group/map"), codes=CODE, release="yes")
            weir.until(unmapped, {"in ERP"}, 120)
    books = weir.sales()
    for order in unmapped:
        sale, = books[str(order["id"])]
        say(f"    order {order['number']} is sales order {sale['number']} in the ERP")
    if left := groups(person):
        raise Failure(f"these still wait for people: {left}")


def act(person: Browser, form: Form, **fields: str) -> None:
    """Fill in a form and send it, with the reason."""
    done = person.submit(form, why=WHY, **fields)
    if done.status != 200:
        raise Failure(f"the console answered {done.status}: {done.text[:300]}")


def groups(person: Browser) -> list[dict]:
    """Exceptions by cause, as the console's API lists them."""
    answer = person.open(f"{person.console}/api/exceptions?store={STORE}")
    if answer.status != 200:
        raise Failure(f"the console answered {answer.status}: {answer.text[:300]}")
    return json.loads(answer.html)["groups"]
