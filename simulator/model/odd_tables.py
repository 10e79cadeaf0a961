"""Writes the tables of ``ODD.md`` from the tables that the code itself reads.

``python -m simulator.model.odd_tables`` rewrites what stands between the markers ``<!-- table: NAME -->``
and ``<!-- end -->``; with ``--check`` it changes nothing, and its exit status is 1 where the document is out
of date. A name is a kind of table and, for some, what it is restricted to: ``parameters search``.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from simulator.model.campaigns import TERMS
from simulator.model.draws import STREAMS, Stream
from simulator.model.network.addresses import NETWORK_STREAMS
from simulator.model.observation import SERIES
from simulator.scenario.parameters import PARAMETERS, STATES

DOCUMENT = Path(__file__).with_name("ODD.md")
_RULES = Path(__file__).with_name("rules")
_BLOCK = re.compile(r"(<!-- table: ([a-z_ ]+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def tables_written(text: str) -> str:
    """Return a document with every table between its markers written anew.

    Parameters
    ----------
    text : str
        The document.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        Where a marker names a table that does not exist.
    """
    return _BLOCK.sub(lambda block: f"{block[1]}\n{table(block[2])}\n\n{block[3]}", text)


def table(name: str) -> str:
    """Return one table in Markdown.

    Parameters
    ----------
    name : str
        Kind of table, and what it is restricted to: ``states consumer``, ``parameters search``,
        ``rules search``, ``draws market``, ``draws world``, ``draws network``, ``series``, ``programs``.
    """
    kind, _, part = name.partition(" ")
    makers: dict[str, Callable[[str], str]] = {
        "states": _states,
        "parameters": _parameters,
        "rules": _rules,
        "draws": _draws,
        "series": _series,
        "programs": _programs,
    }
    if kind not in makers:
        raise ValueError(f"ODD.md: table {name!r}; expected one of {', '.join(makers)}")
    return makers[kind](part)


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    found = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    if not found:
        raise ValueError(f"ODD.md: an empty table of {', '.join(header)}")
    lines = [header, ["---"] * len(header), *found]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float) -> str:
    if value == round(value) and abs(value) < 1e5:
        return f"{value:.0f}"
    return f"{value:.4g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def _range(low: float, high: float) -> str:
    return f"{_number(low)} to {_number(high)}"


def _states(entity: str) -> str:
    header = ("state variable", "meaning", "unit", "range", "changed by")
    rows = [
        (f"`{s.name}`", s.meaning, s.unit, _range(s.low, s.high), s.changed_by)
        for s in STATES
        if s.entity == entity
    ]
    return _markdown(header, rows)


def _parameters(submodel: str) -> str:
    header = ("parameter", "symbol", "meaning", "unit", "range", "default", "prior", "source")
    rows = [
        (
            f"`{p.name}`",
            p.symbol,
            p.meaning,
            p.unit,
            _range(p.low, p.high) + (", whole" if p.is_whole else ""),
            _number(p.default),
            _range(p.prior.low, p.prior.high) + (", log" if p.prior.form == "log_uniform" else ""),
            p.source,
        )
        for p in PARAMETERS
        if p.submodel == submodel
    ]
    return _markdown(header, rows)


def _rules(family: str) -> str:
    tree = ast.parse((_RULES / f"{family}.py").read_text())
    rows = [
        (f"`rules.{family}.{node.name}`", ", ".join(a.arg for a in node.args.args), _first_sentence(node))
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]
    return _markdown(("function", "of", "returns"), rows)


def _first_sentence(node: ast.FunctionDef) -> str:
    first = (ast.get_docstring(node) or "").split("\n")[0]
    return first.removeprefix("Return ").removesuffix(".")


def _draws(which: str) -> str:
    chosen = {
        "market": [s for s in STREAMS if s.number < _FIRST_OF_THE_WORLD],
        "world": [s for s in STREAMS if s.number >= _FIRST_OF_THE_WORLD],
        "network": list(NETWORK_STREAMS),
    }
    header = ("stream", "number", "word 0", "word 1", "word 2", "beside the stream in word 3", "random words")
    return _markdown(header, [_draw(stream) for stream in chosen[which]])


_FIRST_OF_THE_WORLD = 32


def _draw(stream: Stream) -> tuple[str, ...]:
    words = "one for each of four consumers" if stream.is_dense else ", ".join(stream.words)
    first = f"{stream.first}, four to a call" if stream.is_dense else stream.first
    return (f"`{stream.name}`", str(stream.number), first, stream.second, stream.third, stream.tail, words)


def _series(part: str) -> str:
    header = ("series", "meaning", "unit", "recorded in units of")
    rows = [(f"`{s.name}`", s.meaning, s.unit, "1" if s.scale == 1 else f"1/{s.scale}") for s in SERIES]
    return _markdown(header, rows)


def _programs(part: str) -> str:
    return ", ".join(f"`{term}`" for term in TERMS)


def main(arguments: Sequence[str]) -> int:
    """Write the tables, or with ``--check`` only compare them; return the exit status."""
    text = DOCUMENT.read_text()
    written = tables_written(text)
    if "--check" not in arguments:
        DOCUMENT.write_text(written)
        return 0
    return int(text != written)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
