"""A person at the console, without a browser: opens pages, follows redirects, fills in forms."""

import http.client
import http.cookiejar
import socket
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

from .console import Failure


@dataclass
class Form:
    """A form of a page: where it goes to, and what is filled in already."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """A page as far as a person reads it."""

    def __init__(self, url: str, status: int, html: str):
        super().__init__()
        self.url, self.status, self.html = url, status, html
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.said: list[str] = []
        self.select = ""
        self.feed(html)
        #: What is written on it.
        self.text = " ".join(" ".join(self.said).split())

    def handle_starttag(self, tag: str, attributes: list):
        given = {name: value or "" for name, value in attributes}
        if tag == "a" and "href" in given:
            self.links.append(urllib.parse.urljoin(self.url, given["href"]))
        if tag == "form":
            action = urllib.parse.urljoin(self.url, given.get("action") or self.url)
            self.forms.append(Form(action, given.get("method", "get").upper()))
        if not self.forms:
            return
        fields = self.forms[-1].fields
        if tag in ("input", "textarea") and "name" in given:
            if given.get("type") not in ("checkbox", "radio", "submit") or "checked" in given:
                fields[given["name"]] = given.get("value", "")
        if tag == "select":
            self.select = given.get("name", "")
        if tag == "option" and self.select and ("selected" in given or self.select not in fields):
            fields[self.select] = given.get("value", "")

    handle_startendtag = handle_starttag

    def handle_data(self, data: str):
        self.said.append(data)

    def form(self, action: str) -> Form:
        """The first form that posts to an address with this part in it."""
        for form in self.forms:
            if form.method == "POST" and action in urllib.parse.unquote(form.action):
                return form
        raise Failure(f"{self.url} has no form for {action}; it has {[form.action for form in self.forms]}")

    def link(self, part: str) -> str:
        """The first link with this part in its address."""
        for link in self.links:
            if part in urllib.parse.unquote(link):
                return link
        raise Failure(f"{self.url} has no link to {part}")


class Browser:
    """Somebody with a cookie jar; ``sign_in`` makes an operator of them."""

    def __init__(self, console: str):
        self.console = console.rstrip("/")
        # To browsers this machine is as good as https.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        self.cookies = http.cookiejar.CookieJar(policy)
        self.opener = urllib.request.build_opener(
            Loopback(), urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, url: str, data: bytes | None = None, headers: dict | None = None,
             method: str | None = None) -> Page:
        """One request, and the redirects after it."""
        request = urllib.request.Request(url, data, headers or {}, method=method)
        try:
            with self.opener.open(request, timeout=60) as answer:
                return Page(answer.url, answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Page(error.url, error.code, error.read().decode(errors="replace"))

    def page(self, path: str = "") -> Page:
        """A page of the console that has to be there."""
        page = self.open(f"{self.console}{path}")
        if page.status != 200:
            raise Failure(f"{path or '/'} of the console was answered {page.status}: {page.text[:300]}")
        return page

    def submit(self, form: Form, **fields: str) -> Page:
        """Send a form with some fields filled in, as a browser does: with its origin."""
        filled = urllib.parse.urlencode(form.fields | fields)
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(form.action))
        return self.open(form.action, filled.encode(), {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": origin, "Referer": f"{origin}/"})

    def sign_in(self, user: str) -> Page:
        """By the provider's page, which asks for a name and no password."""
        asked = self.open(f"{self.console}/sign-in")
        if "/oauth2/authorize" not in asked.url:
            raise Failure(f"signing in leads to {asked.url} ({asked.status}): {asked.text[:300]}")
        # The provider's own forms name no address: they go back to the page's.
        return self.open(asked.url, urllib.parse.urlencode({"sub": user}).encode())


class Loopback(urllib.request.HTTPHandler):
    """Knows what browsers know and many resolvers do not: ``*.localhost`` is this machine."""

    def http_open(self, request):
        return self.do_open(LoopbackConnection, request)


class LoopbackConnection(http.client.HTTPConnection):
    """To this machine, if the name says so."""

    def connect(self):
        if not self.host.endswith(".localhost"):
            return super().connect()
        self.sock = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        return None
