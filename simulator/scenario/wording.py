"""Words of messages: how a value, a dotted place and a suggestion are shown."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from typing import Any

from simulator.errors import Fault

Loc = tuple[str | int, ...]
"""Path from the top of a scenario to a value: keys and list indices."""

_BARE_KEY = re.compile(r"^[^.\[\]\"=]+$")
_LONGEST = 60


def dotted(loc: Loc) -> str:
    """Write a path as it is written on the command line.

    Parameters
    ----------
    loc : tuple of str and int
        Keys and list indices.

    Returns
    -------
    str
        For example ``brands[1].price``.

    Examples
    --------
    >>> dotted(("brands", 1, "price"))
    'brands[1].price'
    """
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _BARE_KEY.match(part) else json.dumps(part, ensure_ascii=False)
            text += f".{key}" if text else key
    return text


def shown(value: Any) -> str:
    """Show a value as the user would have written it, shortened if it is long.

    Parameters
    ----------
    value : Any
        What was found in the file.

    Returns
    -------
    str
        One line of at most 60 characters.

    Examples
    --------
    >>> shown(True), shown("a"), shown({"a": 1})
    ('true', '"a"', '{a = 1}')
    """
    text = _literal(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return str(value)


def listed(words: Iterable[str], limit: int = 12) -> str:
    """List words in quotes.

    Parameters
    ----------
    words : iterable of str
        The words.
    limit : int, optional
        How many are shown before the rest is only counted.

    Returns
    -------
    str
        For example ``"a", "b"``; ``nothing`` for none.

    Examples
    --------
    >>> listed(["a", "b"])
    '"a", "b"'
    """
    every = [json.dumps(word, ensure_ascii=False) for word in words]
    rest = len(every) - limit
    text = ", ".join(every[:limit]) + (f" and {rest} more" if rest > 0 else "")
    return text or "nothing"


def reads_as_number(text: str) -> bool:
    """Return whether a text is a number as Python reads it."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def nearest(word: str, known: Iterable[str]) -> str:
    """Find the known word that is most like a misspelt one.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What could have been meant.

    Returns
    -------
    str
        The word, or nothing where no known word is near.
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    if not near:  # of two letters one is wrong: half of it is alike
        short = [candidate for candidate in by_lower if len(candidate) <= len(word) + 1 <= 4]
        near = difflib.get_close_matches(word.lower(), short, n=1, cutoff=0.5)
    return by_lower[near[0]] if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Suggest the known word that is most like a misspelt one.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What could have been meant.

    Returns
    -------
    str
        ``did you mean "…"?``, or nothing where no known word is near.

    Examples
    --------
    >>> did_you_mean("buget", ["budget", "brand"])
    'did you mean "budget"?'
    """
    near = nearest(word, known)
    return f'did you mean "{near}"?' if near else ""


#: Most names of a list that is shown whole, and how many of a longer one are.
_MOST_NAMES, _FEW = 15, 6


def unknown(
    place: str, name: object, known: Iterable[str], remedy: str = "choose one of these", *, see: str = ""
) -> Fault:
    """Return the fault of an unknown name: the known ones, most like it first, and the nearest as the remedy.

    Of many names only those most like it are told.

    Parameters
    ----------
    place : str
        Where it stands.
    name : object
        What was written.
    known : iterable of str
        What could have been meant.
    remedy : str, optional
        What to do where no known name is near.
    see : str, optional
        Where all names stand, if they are many.

    Returns
    -------
    Fault

    Examples
    --------
    >>> print(unknown("method", "oca", ["kn", "subset", "ocba"]))
    method = 'oca'; expected one of ocba, subset, kn; did you mean "ocba"?
    """
    names, word = list(known), str(name).lower()
    suggestion = did_you_mean(word, names)
    if suggestion or len(names) > _MOST_NAMES:
        likeness = {item: difflib.SequenceMatcher(None, word, item.lower()).ratio() for item in names}
        names.sort(key=lambda item: -likeness[item])
    told = ", ".join(names)
    if len(names) > _MOST_NAMES:
        told = f"{', '.join(names[:_FEW])} and {len(names) - _FEW} more{see and f' (see {see})'}"
        remedy = "" if see and remedy == "choose one of these" else remedy
    return Fault(place, repr(name), f"one of {told}", suggestion or remedy)


def counted(n: int, noun: str) -> str:
    """Return how many there are of something, with thousands apart and the plural where it is due.

    Examples
    --------
    >>> counted(1, "strategy"), counted(2, "strategy"), counted(2000, "replicate"), counted(1, "person")
    ('1 strategy', '2 strategies', '2,000 replicates', '1 person')
    """
    irregular = {"person": "people"}
    plural = irregular.get(noun) or (f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s")
    return f"{n:,} {noun if n == 1 else plural}"


def amount(number: float) -> str:
    """Show a number of a message briefly.

    Parameters
    ----------
    number : float
        A count, a share or an amount of money.

    Returns
    -------
    str
        At most eight significant digits, thousands apart.

    Examples
    --------
    >>> amount(1200000.0), amount(0.1 + 0.2)
    ('1,200,000', '0.3')
    """
    return f"{number:,.8g}"
