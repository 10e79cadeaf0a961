"""Print, as bits, what rules, elementary functions and the generator give, compiled or not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from rule_values import VALUES

import simulator.model.philox as generator
from simulator.compiled import compile_rules_for_python, is_compiled
from simulator.model import mathematics

FUNCTIONS = ("exponential", "logarithm", "logistic", "gumbel", "normal")
COUNTERS = [
    ((0, 0, 0, 0), (0, 0)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)),
]


def bits(value: float) -> int:
    """Return a 32-bit floating-point number as a whole number."""
    return int(np.float32(value).view(np.uint32))


def words(counter: tuple[int, ...], key: tuple[int, ...]) -> list[int]:
    """Return the generator's four words for one address."""
    return [int(w) for w in generator.philox(*(np.uint32(c) for c in counter), *(np.uint32(k) for k in key))]


def everything() -> dict[str, list[list[int]] | list[int] | bool]:
    """Return all results as whole numbers."""
    compile_rules_for_python()
    uniforms = np.concatenate([np.arange(200), np.linspace(200, 2**24 - 2, 300).astype(int)]) * 2.0**-24
    wide = np.linspace(-90, 90, 301)
    with np.errstate(all="ignore"):
        found = {
            name: [bits(getattr(mathematics, name)(x)) for x in points.astype(np.float32)]
            for name, points in zip(
                FUNCTIONS, (wide, np.exp(wide / 1.1), wide, uniforms, uniforms), strict=True
            )
        }
        found["rules"] = [
            bits(float(rule(*(np.float32(a) if isinstance(a, float) else a for a in arguments))))
            for rule, arguments, _ in VALUES
        ]
    result: dict[str, list[list[int]] | list[int] | bool] = {**found}
    result["philox"] = [words(counter, key) for counter, key in COUNTERS]
    result["is_compiled"] = is_compiled()
    if not is_compiled():
        rounds, generator.N_ROUNDS = generator.N_ROUNDS, 7
        result["philox with 7 rounds"] = words(*COUNTERS[0])
        generator.N_ROUNDS = rounds
    return result


if __name__ == "__main__":
    print(json.dumps(everything()))
