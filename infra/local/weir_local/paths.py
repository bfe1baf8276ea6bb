"""Where things are. Everything that the local stack makes is under ``.local/``."""

from pathlib import Path

#: The repository.
ROOT = Path(__file__).resolve().parents[3]
#: This tool's own folder: requirements, seed data, code.
HERE = ROOT / "infra" / "local"
#: All that is generated; ``make clean`` removes it.
LOCAL = ROOT / ".local"
#: Virtual environments, one for each file in ``requirements/``.
VENVS = LOCAL / "venv"
#: The seeded ERP database, kept between runs.
CACHE = LOCAL / "cache"
#: One folder for each run: logs, databases, what was deployed.
RUNS = LOCAL / "run"
#: The stack that ``up`` keeps running.
CURRENT = RUNS / "current.json"
#: What ``cargo build`` makes; shared with ``cargo test``.
BINARIES = ROOT / "target" / "debug"


def functions() -> list[str]:
    """Names of the Lambda functions: the crates under ``functions/``."""
    return sorted(path.parent.name for path in ROOT.glob("functions/*/Cargo.toml"))
