#!/usr/bin/env python3
"""Writes the recorded bodies of events/woocommerce as inputs of the fuzz targets.

``seed.py DIRECTORY`` fills DIRECTORY/canonical and DIRECTORY/webhook. The
samples stay in one place, events/; what is written here is thrown away.
"""

import json
import pathlib
import sys

EVENTS = pathlib.Path(__file__).resolve().parents[2] / "events" / "woocommerce"
# How a webhook input is signed, and the troubles of the world it meets:
# src/webhook.rs says what the words and letters mean.
HEADS = [
    ("current", ""), ("previous", "r"), ("current", "q"), ("current", "rl"), ("flip:9", ""),
    ("cut:43", ""), ("nobody", "u"), ("none", "p"), ("current", "s"), ("flip:3", "rf"), ("", "1"),
]


def body_of(sample: dict) -> bytes:
    body = sample["body"]
    return body.encode() if isinstance(body, str) else json.dumps(body, separators=(",", ":")).encode()


def main(directory: pathlib.Path) -> None:
    for target in ("canonical", "webhook"):
        (directory / target).mkdir(parents=True, exist_ok=True)
    samples = sorted(EVENTS.glob("*/*.json"))
    for number, path in enumerate(samples):
        sample = json.loads(path.read_text())
        body = body_of(sample)
        (directory / "canonical" / path.name).write_bytes(body)
        signing, world = HEADS[number % len(HEADS)]
        head = "\n".join((sample.get("topic") or "order.updated", signing, world, ""))
        (directory / "webhook" / path.name).write_bytes(head.encode() + body)
    print(f"seeded from {len(samples)} samples")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
