"""The HTTP API at an address that is known before it exists: http://127.0.0.1:PORT.

In AWS an API has a host of its own. The emulator gives it a path with an id that only the
deployment knows, or a host that only some resolvers find; but shops and browsers, and the
configuration that travels with the functions, have to name it. This passes every request on.

    python -m weir_local.gate PORT EMULATOR FILE      FILE says which API, once there is one
"""

import http.client
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from . import paths, process

#: Each connection's own business, and not the next one's (RFC 9110, 7.6.1).
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}


class Gate:
    """The process; ``lead_to`` says which API is behind it."""

    def __init__(self, folder: Path, emulator: str):
        self.port = process.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.file = folder / "gate.api"
        self.process = process.start(
            "the API's address", [sys.executable, "-m", "weir_local.gate", self.port, emulator, self.file],
            folder / "gate.log",
            {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(paths.HERE), "PYTHONDONTWRITEBYTECODE": "1"},
            folder)

    def lead_to(self, api: str) -> None:
        """From now on every request goes to this API."""
        draft = self.file.with_suffix(".new")
        draft.write_text(api)
        os.replace(draft, self.file)


class Quiet(ThreadingHTTPServer):
    """Whoever asked may be gone: no news."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Nothing: the emulator's log has every request that arrived."""


def handler(emulator: str, file: Path) -> type[BaseHTTPRequestHandler]:
    """Passes requests on to the API that ``file`` names."""
    target = urlsplit(emulator)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def relay(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                path = f"/_aws/execute-api/{file.read_text()}/$default{without_slash(self.path)}"
            except OSError:
                return self.answer(503, [], b"not deployed yet")
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            connection = http.client.HTTPConnection(target.hostname, target.port, timeout=120)
            try:
                connection.request(self.command, path, body, headers)
                answer = connection.getresponse()
                return self.answer(answer.status, answer.getheaders(), answer.read())
            except OSError:
                return self.answer(502, [], b"the emulator does not answer")
            finally:
                connection.close()

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = relay

        def answer(self, status: int, headers: list, body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in HOP_BY_HOP | {"content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_) -> None:
            """Quiet, as above."""

    return Handler


def without_slash(address: str) -> str:
    """In AWS the rest of a path that a route ends with, ``{proxy+}``, may be empty; here it may not."""
    path, mark, query = address.partition("?")
    return path.rstrip("/") + mark + query


if __name__ == "__main__":
    port, emulator, file = sys.argv[1:]
    Quiet(("127.0.0.1", int(port)), handler(emulator, Path(file))).serve_forever()
