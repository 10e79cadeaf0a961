"""Small tools for tests of the model: calling rules, and finding what sources define."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import simulator

PACKAGE = Path(simulator.__file__).parent
MODEL = PACKAGE / "model"
RULES = MODEL / "rules"


def call(rule: Callable[..., Any], *arguments: Any) -> float:
    """Call a rule, with numbers with a point as 32-bit numbers, and return an ordinary number.

    Parameters
    ----------
    rule : callable
        A compiled rule, or the Python function behind it.
    *arguments : float, int or bool
        What it is given; a whole number stays one.

    Returns
    -------
    float
        Its result; 0 or 1 for a truth value.
    """
    given = [np.float32(a) if isinstance(a, float) else a for a in arguments]
    with np.errstate(over="ignore"):
        return float(rule(*given))


class Definition(NamedTuple):
    """A function as a source file defines it."""

    module: str
    name: str
    decorators: tuple[str, ...]
    sentence: str

    @property
    def path(self) -> str:
        """Return the dotted name within the model, for example ``rules.attention.memory``."""
        return f"{self.module}.{self.name}"

    def function(self) -> Callable[..., Any]:
        """Return the function itself."""
        return getattr(import_module(f"simulator.model.{self.module}"), self.name)


def definitions(source: str, module: str) -> Iterator[Definition]:
    """Yield the functions that a source defines at its top level."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            calls = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
            names = tuple(d.id for d in calls if isinstance(d, ast.Name))
            text = ast.get_docstring(node) or ""
            yield Definition(module, node.name, names, text.split("\n")[0])


def rules_of(folder: Path = RULES) -> list[Definition]:
    """Return all public rules of the process families, one file each, in alphabetical order."""
    found: list[Definition] = []
    for path in sorted(folder.glob("*.py")):
        module = f"rules.{path.stem}"
        found += [d for d in definitions(path.read_text(), module) if not d.name.startswith("_")]
    return found
