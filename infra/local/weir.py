#!/usr/bin/env python3
"""The door to the local stack: ``python3 infra/local/weir.py COMMAND``.

Runs on any Python from 3.10 with the standard library alone; commands that need
more re-run themselves inside a virtual environment that they made.
"""

import sys

if sys.version_info < (3, 10):
    sys.exit(
        "weir: Python 3.10 or newer is needed, this is %d.%d; "
        "choose another with: make PYTHON=/path/to/python3 ..." % sys.version_info[:2]
    )

from weir_local import cli

if __name__ == "__main__":
    sys.exit(cli.main(sys.argv[1:]))
