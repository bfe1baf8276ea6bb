"""What the shipped functions cost before they do anything: size, init, memory.

Init is from starting the process until it asks the runtime API for its first
event, against a stand-in of that API. On Lambda the download and the sandbox
come before it.
"""

import io
import os
import statistics
import subprocess
import tempfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import paths
from .console import Failure, say

RUNS = 20


def bench() -> None:
    """Print one line for each shipped function."""
    say(f"{'function':14} {'bytes':>10} {'zipped':>10}   init ms (min median max)   memory MB")
    for name in paths.functions():
        program = paths.ROOT / "target" / "lambda" / name / "bootstrap"
        if not program.exists():
            raise Failure(f"{program} is missing; make package builds it")
        starts = sorted(start(program) for _ in range(RUNS))
        init = [ms for ms, _ in starts]
        memory = max(megabytes for _, megabytes in starts)
        say(f"{name:14} {program.stat().st_size:>10} {zipped(program):>10}"
            f"   {init[0]:8.1f} {statistics.median(init):8.1f} {init[-1]:8.1f}   {memory:9.1f}")


def zipped(program: Path) -> int:
    """Bytes of the package without its configuration."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(program, "bootstrap")
    return len(package.getvalue())


def start(program: Path) -> tuple[float, float]:
    """Milliseconds until the first poll, and the most memory until then."""
    asked = threading.Event()

    class RuntimeApi(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.set()
            stop.wait(60)

        def log_message(self, *_):
            pass

    stop = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        child = subprocess.Popen(
            [program], cwd=folder, env=environment(server.server_address[1]), stdout=subprocess.DEVNULL)
        try:
            if not asked.wait(30):
                raise Failure(f"{program} did not ask for an event within 30 s")
            took = (time.monotonic() - began) * 1000
            return took, peak(child.pid)
        finally:
            child.kill()
            child.wait()
            stop.set()
            server.shutdown()
            server.server_close()


def peak(pid: int) -> float:
    """The process's largest resident size so far, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1000
    return 0.0


def environment(port: int) -> dict[str, str]:
    """What Lambda and the template give a function; nothing here is ever called."""
    return {
        "PATH": os.defpath,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "AWS_LAMBDA_LOG_GROUP_NAME": "bench",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "WEIR_CONFIG_DIR": str(paths.ROOT / "infra" / "example"),
        "WEIR_PROFILE": "aws",
        "METRICS_NAMESPACE": "Weir/bench",
        **{f"{queue.upper()}_{kind}_URL": f"https://sqs.example.com/{queue}-{kind.lower()}"
           for queue in ("fulfilment", "orders", "stock", "ticks") for kind in ("QUEUE", "DEAD_LETTERS")},
        "LEDGER_TABLE": "ledger",
        "STOCK_TABLE": "stock",
        "NIGHTLY_HOUR": "2",
        "WEBHOOK_BASE_URL": "https://weir.example.com",
    }
