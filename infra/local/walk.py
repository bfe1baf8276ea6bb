"""What an operator does, in a real browser, with pictures of it.

    walk.py CONSOLE FOLDER outage|desk|rest

Runs inside the ``screenshots`` environment; ``weir_local/screenshots.py`` plays the shop. Fails on
anything that a person would stumble over: a page that is not there, an error in the browser's
console, a request to anybody else, a key that does nothing.
"""

import os
import re
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

OPERATOR = "operator@example.com"
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
#: Pictures are in the README: small enough for everybody who reads it.
LARGEST_BYTES = 200_000
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNKNOWN, CODE, WHY = "FOG-1", "MIST-075", "the shop sells it under its own number"


class Walk:
    """One person, one browser."""

    def __init__(self, context: BrowserContext, console: str, folder: Path):
        self.console, self.folder = console.rstrip("/"), folder
        self.host = urlsplit(console).netloc
        self.trouble: list[str] = []
        self.page = self.watched(context.new_page())

    def watched(self, page: Page) -> Page:
        """Whatever goes wrong on the console's own pages is trouble."""
        def ours() -> bool:
            return urlsplit(page.url).netloc == self.host

        page.on("console", lambda said: ours() and said.type in ("error", "warning") and self.trouble.append(said.text))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("request", lambda request: ours() and not request.is_navigation_request()
                and urlsplit(request.url).netloc != self.host
                and self.trouble.append(f"a request to {request.url}"))
        page.on("response", lambda answer: ours() and urlsplit(answer.url).netloc == self.host
                and answer.status >= 400 and self.trouble.append(f"{answer.status} for {answer.url}"))
        return page

    def sign_in(self) -> None:
        """The provider knows them by a button."""
        self.page.goto(self.console)
        self.page.get_by_role("button", name=OPERATOR).click()
        expect(self.page.locator("header")).to_contain_text(OPERATOR)
        self.page.wait_for_load_state()

    def picture(self, name: str, full: bool = False) -> None:
        """What is on the screen, or all of the page."""
        file = self.folder / f"{name}.png"
        self.page.screenshot(path=file, full_page=full, animations="disabled", caret="hide")
        size = file.stat().st_size
        print(f"  {file.name}: {size // 1000} kB", flush=True)
        if size > LARGEST_BYTES:
            raise SystemExit(f"{file} has {size} bytes, more than {LARGEST_BYTES}")

    def go(self, key: str, path: str) -> None:
        """By the keyboard: g, then a letter; nobody is faster than the page."""
        self.page.wait_for_load_state()
        self.page.keyboard.press("g")
        self.page.keyboard.press(key)
        self.page.wait_for_url(f"{self.console}{path}*")

    def phone(self) -> None:
        """The same page in a hand; nothing is wider than the screen."""
        self.page.set_viewport_size(PHONE)
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > PHONE["width"]:
            self.trouble.append(f"{self.page.url} is {wide} px wide on a phone")

    # ------------------------------------------------------------ the parts

    def outage(self) -> None:
        """The ERP is down: today, and which orders are stuck."""
        self.page.goto(self.console)
        expect(self.page.locator("h1")).to_contain_text("need")
        self.picture("today")
        self.go("s", "/stuck")
        self.picture("stuck")
        self.page.goto(self.console)
        self.phone()
        self.picture("phone-today")

    def desk(self) -> None:
        """One cause is found, understood, tried without sending, put right and released."""
        self.go("e", "/exceptions")
        expect(self.page.locator("table")).to_contain_text(UNKNOWN)
        self.picture("exceptions")
        # Row by row with the keyboard, and in.
        self.page.keyboard.press("j")
        focused = self.page.evaluate("document.activeElement.closest('tr') !== null")
        if not focused:
            self.trouble.append("j does not go to the first row")
        self.page.get_by_role("link", name=UNKNOWN, exact=True).first.click()
        expect(self.page.locator("h1")).to_have_text(UNKNOWN)
        self.page.locator("#codes").fill(CODE)
        self.page.locator("#map-why").fill(WHY)
        self.picture("exception-group")
        self.page.get_by_role("button", name="Only add the mapping").click()
        expect(self.page.get_by_role("status")).to_contain_text("The mapping is stored")
        self.go("e", "/exceptions")
        self.page.get_by_role("link", name=UNKNOWN, exact=True).first.click()
        self.page.locator("main ul a[href*='/orders/']").first.click()
        expect(self.page.locator("h1")).to_contain_text("Order")
        self.picture("order")
        self.page.get_by_role("link", name="Dry run").click()
        expect(self.page.locator("main")).to_contain_text("Nothing was sent")
        expect(self.page.locator("pre").filter(has_text="web_id")).to_contain_text("Bottle of fog")
        self.picture("dry-run")
        self.go("e", "/exceptions")
        self.page.get_by_role("link", name=UNKNOWN, exact=True).first.click()
        self.page.locator("summary").filter(has_text="Release only").click()
        self.page.locator("#release-why").fill(WHY)
        self.page.get_by_role("button", name=re.compile("^Release its")).click()
        expect(self.page.get_by_role("status")).to_contain_text("being released")

    def rest(self) -> None:
        """What became of it, why a shop shows a number, dead letters, the night, who did what."""
        self.page.keyboard.press("/")
        self.page.keyboard.type("LAMP-1")
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/items*")
        expect(self.page.locator("main")).to_contain_text("ERP")
        self.picture("item")
        self.go("q", "/queues")
        self.page.get_by_role("link", name="read").first.click()
        expect(self.page.locator("main")).to_contain_text("Dead letters of")
        self.picture("dead-letters")
        self.go("r", "/reconciliation")
        self.picture("night")
        self.go("a", "/activity")
        expect(self.page.locator("table").first).to_contain_text(WHY)
        self.picture("activity")
        self.go("e", "/exceptions")
        self.phone()
        self.picture("phone-exceptions")


def main(console: str, folder: Path, part: str) -> None:
    """One part; the browser is the system's."""
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if not program:
        raise SystemExit("no Chromium here; on Debian and Ubuntu: apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        # Chromium's sandbox refuses to be root's, who has nothing to be protected from here.
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=program, args=args)
        context = browser.new_context(viewport=DESK, locale="en-GB", timezone_id="UTC", color_scheme="light")
        context.set_default_timeout(15_000)
        walk = Walk(context, console, folder)
        walk.sign_in()
        getattr(walk, part)()
        browser.close()
    if walk.trouble:
        raise SystemExit("\n".join(["what a person would stumble over:", *walk.trouble]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
