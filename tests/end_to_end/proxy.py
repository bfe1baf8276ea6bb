"""Between Weir and the ERP, or a shop: passes requests on, and lets some go wrong on purpose.

What goes wrong is counted, not random, so that a run can be repeated.
"""

import http.client
import itertools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

#: In turn: before the other side sees the request, or after it has done the work.
FAULTS = ("refuse_500", "lose_answer", "throttle_429", "truncate", "drop_connection")
HTML = b"<!doctype html><title>Attention required</title>"


class Proxy:
    """A server on 127.0.0.1; ``every`` n-th request fails, 0 for none."""

    def __init__(self, target: str):
        self.target = urlsplit(target)
        self.every = 0
        #: While set, every request is answered with this status.
        self.always: int | None = None
        #: Method and part of a path: of the next such request the answer is lost, once for each.
        self.lose: list[tuple[str, str]] = []
        self.requests = itertools.count(1)
        self.turn = itertools.cycle(FAULTS)
        self.struck: dict[str, int] = {}
        #: Requests that may change something: method, path, body.
        self.writes: list[tuple[str, str, bytes]] = []
        self.lock = threading.Lock()
        self.server = Quiet(("127.0.0.1", 0), handler(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()

    def fault(self, method: str, path: str) -> str:
        """What happens to the next request; empty for nothing."""
        with self.lock:
            number = next(self.requests)
            aimed = next((aim for aim in self.lose if aim[0] == method and aim[1] in path), None)
            if aimed:
                self.lose.remove(aimed)
                name = "lose_answer"
            elif self.every and not number % self.every:
                name = next(self.turn)
            else:
                return ""
            self.struck[name] = self.struck.get(name, 0) + 1
            return name

    def ask(self, method: str, path: str, body: bytes, headers: dict) -> tuple[int, list, bytes]:
        """The other side's answer; 502 when it cannot be reached."""
        connection = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except OSError:
            return 502, [], b""
        finally:
            connection.close()


class Quiet(ThreadingHTTPServer):
    """Whoever asked may be gone, or was killed by a test: no news."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        """Nothing: the test sees what matters on the other side."""


def handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    """A request handler of this proxy."""

    class Handler(BaseHTTPRequestHandler):
        def relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # Tryton reads by POST, too, where a question is longer than an address.
            if self.command != "GET" and not self.path.endswith("/search_read"):
                proxy.writes.append((self.command, self.path, body))
            if proxy.always:
                return self.send(proxy.always, [("Content-Type", "text/html")], HTML)
            fault = proxy.fault(self.command, self.path)
            if fault == "refuse_500":
                return self.send(500, [("Content-Type", "text/html")], b"")
            if fault == "throttle_429":
                return self.send(429, [("Retry-After", "2")], b"")
            status, headers, answer = proxy.ask(self.command, self.path, body, dict(self.headers))
            if fault == "lose_answer":
                return self.send(502, [], b"")
            if fault == "drop_connection":
                self.close_connection = True
                return None
            if fault == "truncate":
                answer, length = answer[: len(answer) // 2], len(answer)
                self.close_connection = True
                return self.send(status, headers, answer, length)
            return self.send(status, headers, answer)

        do_GET = do_POST = do_PUT = do_DELETE = relay

        def send(self, status: int, headers: list, body: bytes, length: int | None = None) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "connection", "server", "date"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            """Quiet: the other side's own log has every request."""

    return Handler
