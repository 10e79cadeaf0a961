"""Faults in the words of the command line: an argument of Python is told by the option that sets it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from simulator.errors import Fault

#: Arguments whose option has another name: what one method of a verb calls otherwise.
_OTHER_NAMES = {"n_levels": "points", "n_parameters": "points", "overrides": "set"}
#: ``verb(argument)`` at the beginning of a place, and a name of two words or more anywhere in a text.
_CALL = re.compile(r"^[\w.]+\((\w+)\)")
_NAME = re.compile(r"(?<![\w./-])[a-z]+(?:_[a-z]+)+(?![\w./(])")


def in_options(faults: Iterable[Fault], options: Iterable[str]) -> list[Fault]:
    """Return faults that name the options of a verb where they named its arguments in Python.

    Parameters
    ----------
    faults : iterable of Fault
        As the public functions tell them.
    options : iterable of str
        Options of the verb, such as ``--max-replicates``.

    Returns
    -------
    list of Fault
        In the same order; what no option sets keeps its name.

    Examples
    --------
    >>> print(*in_options([Fault("compare(n_replicates)", "0", "at least 1")], ["--replicates"]))
    --replicates = 0; expected at least 1
    """
    known = {option.lstrip("-").replace("-", "_"): option for option in options if option.startswith("--")}
    return [
        replace(
            fault,
            place=_place(fault.place, known),
            expected=_text(fault.expected, known),
            remedy=_text(fault.remedy, known),
        )
        for fault in faults
    ]


def _place(place: str, known: Mapping[str, str]) -> str:
    call = _CALL.match(place)
    if call is None:
        return _text(place, known)
    name = call[1]
    found = _option(name, known) or known.get(name.removesuffix("s")) or known.get(f"{name}s")
    return f"{found}{place[call.end() :]}" if found else place


def _text(text: str, known: Mapping[str, str]) -> str:
    return _NAME.sub(lambda word: _option(word[0], known) or word[0], text)


def _option(name: str, known: Mapping[str, str]) -> str | None:
    return known.get(_OTHER_NAMES.get(name, name)) or known.get(name.removeprefix("n_"))
