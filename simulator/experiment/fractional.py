"""Two-level fractional factorial designs by generators, with what they confound said in words.

Factors are lettered in their order: A, B, C, ... without I, which stands for the mean. A generator such as
``D=ABC`` sets the levels of D to the product of those of A, B and C. All products of generators with their
own letter are words of the defining relation; effects that differ by a word are aliases, which the design
cannot tell apart. The resolution is the length of the shortest word.

References
----------
Box, G. E. P. & Hunter, J. S. (1961). The 2^(k-p) fractional factorial designs, part I. Technometrics 3,
311-351.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from simulator.errors import Fault

LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
_GENERATOR = re.compile(r"^\s*([A-HJ-Z])\s*=\s*([+-]?)\s*([A-HJ-Z]+)\s*$")
_MOST_WORDS = 12


@dataclass(frozen=True)
class Fraction:
    """A two-level fractional factorial design.

    Parameters
    ----------
    signs : ndarray of int8, shape (point, factor)
        -1 for the low level, 1 for the high one.
    words : tuple of str
        Defining relation, each word equal to I; ``-`` in front where its sign is negative.
    resolution : int or None
        Length of the shortest word; None where the design is full.
    """

    signs: NDArray[np.int8]
    words: tuple[str, ...]
    resolution: int | None

    def aliases(self, names: Sequence[str], largest: int = 2) -> list[tuple[str, ...]]:
        """Return which effects cannot be told apart.

        Parameters
        ----------
        names : sequence of str
            Names of the factors.
        largest : int
            Largest number of factors in an effect that is listed.

        Returns
        -------
        list of tuple of str
            Groups of main effects and interactions, in names of factors, of which only the sum is seen;
            ``-`` in front of those that enter with the opposite sign of the first. Effects that stand alone
            are left out.
        """
        letters = LETTERS[: len(names)]
        effects = [frozenset(c) for k in range(1, largest + 1) for c in combinations(letters, k)]
        seen: set[frozenset[str]] = set()
        groups = []
        for effect in effects:
            if effect in seen:
                continue
            group = [_named(effect, names)]
            for word in self.words:
                other = effect ^ frozenset(word.lstrip("-"))
                if 1 <= len(other) <= largest:
                    seen.add(other)
                    group.append(("-" if word.startswith("-") else "") + _named(other, names))
            if len(group) > 1:
                groups.append(tuple(group))
        return groups


def fraction(n_factors: int, generators: Sequence[str]) -> Fraction:
    """Build a two-level design from its generators.

    Parameters
    ----------
    n_factors : int
        Number of factors, generated ones included.
    generators : sequence of str
        For example ``["D=AB", "E=-AC"]``; checked by :func:`generator_faults`.

    Returns
    -------
    Fraction
        Points in standard order: the first factor that is not generated changes fastest.

    Examples
    --------
    >>> half = fraction(3, ["C=AB"])
    >>> half.signs.tolist(), half.words, half.resolution
    ([[-1, -1, 1], [1, -1, -1], [-1, 1, -1], [1, 1, 1]], ('ABC',), 3)
    """
    parsed = [match for text in generators if (match := _GENERATOR.match(text))]
    generated = {match[1]: (-1 if match[2] == "-" else 1, match[3]) for match in parsed}
    letters = LETTERS[:n_factors]
    free = [letter for letter in letters if letter not in generated]
    points = np.arange(2 ** len(free))
    column = {letter: 2 * ((points >> k) & 1) - 1 for k, letter in enumerate(free)}
    for letter, (sign, product) in generated.items():
        column[letter] = sign * np.prod([column[other] for other in product], axis=0)
    signs = np.stack([column[letter] for letter in letters], axis=1).astype(np.int8)
    words = _defining_words(generated)
    shortest = min((len(word.lstrip("-")) for word in words), default=None)
    return Fraction(signs, words, shortest)


def generator_faults(place: str, n_factors: int, generators: Sequence[str]) -> list[Fault]:
    """Return what is wrong with generators.

    Parameters
    ----------
    place : str
        Where they stand, for messages.
    n_factors : int
        Number of factors.
    generators : sequence of str
        As written.
    """
    letters = LETTERS[:n_factors]
    form = f"a generator such as D=ABC of the letters {letters}"
    if n_factors > len(LETTERS):
        return [Fault(place, f"{n_factors} factors", f"at most {len(LETTERS)}")]
    faults = []
    parsed = {}
    for k, text in enumerate(generators):
        match = _GENERATOR.match(text)
        if match is None or not set(match[1] + match[3]) <= set(letters):
            faults.append(Fault(f"{place}[{k}]", repr(text), form, "letters follow the order of the factors"))
        elif match[1] in parsed:
            faults.append(Fault(f"{place}[{k}]", repr(text), f"one generator for {match[1]}"))
        else:
            parsed[match[1]] = (f"{place}[{k}]", text, match[3])
    for spot, text, product in parsed.values():
        if set(product) & parsed.keys():
            expected = "a product of factors that are not generated themselves"
            faults.append(Fault(spot, repr(text), expected))
        elif len(product) < 2 or len(set(product)) < len(product):
            faults.append(Fault(spot, repr(text), "a product of two or more different factors"))
    if len(generators) > _MOST_WORDS:
        faults.append(Fault(place, f"{len(generators)} generators", f"at most {_MOST_WORDS}"))
    return faults


def _defining_words(generated: dict[str, tuple[int, str]]) -> tuple[str, ...]:
    own = [(sign, frozenset(letter + product)) for letter, (sign, product) in generated.items()]
    words = []
    for k in range(1, len(own) + 1):
        for chosen in combinations(own, k):
            sign, letters = 1, frozenset[str]()
            for one_sign, one in chosen:
                sign, letters = sign * one_sign, letters ^ one
            words.append(("-" if sign < 0 else "") + "".join(sorted(letters)))
    return tuple(sorted(words, key=lambda word: (len(word.lstrip("-")), word)))


def _named(effect: frozenset[str], names: Sequence[str]) -> str:
    return " x ".join(names[LETTERS.index(letter)] for letter in sorted(effect))
