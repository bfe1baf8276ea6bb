"""Weir's local stack: AWS (MiniStack), the ERP (Tryton) and the shop, on one machine.

``stack.LocalStack`` is what the demo and the end-to-end tests use; ``cli`` is
what the Makefile uses. Everything made here lives under ``.local/``.
"""
