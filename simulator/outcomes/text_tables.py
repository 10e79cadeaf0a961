"""Tables as people read them on a terminal: aligned, thousands apart, and nothing where nothing is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.outcomes.wording import SMALLEST_P, describe_probability, is_tiny

if TYPE_CHECKING:
    import pandas

#: Columns of tables that hold p-values.
P_VALUES = ("p_holm", "p_value")
#: Column of tables that holds the probability of being the best.
PROBABILITY = "p_best"


def cell(value: Any) -> str:
    """Return a value of a table as text; nothing for what is undefined.

    Examples
    --------
    >>> cell(12345.6), cell(0.123456), cell(float("nan")), cell(True), cell(7)
    ('12,346', '0.1235', '', 'yes', '7')
    """
    import numpy as np

    if isinstance(value, bool | np.bool_):
        return "yes" if value else ""
    if isinstance(value, int | float | np.integer | np.floating):
        number = float(value)
        return "" if number != number else f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"
    return value if isinstance(value, str) else "" if value is None else _other(value)


def _other(value: Any) -> str:
    text = str(value)
    return "" if text in ("nan", "NaT", "<NA>") else text


def text_table(rows: list[list[str]]) -> str:
    """Return rows as aligned text; the first column to the left, the others to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def frame_text(frame: pandas.DataFrame, most: int | None = None) -> str:
    """Return a data frame as aligned text, without its index.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    most : int, optional
        Rows that are shown at most.

    Returns
    -------
    str
        A line of titles, and a line per row; a sentence where there is no row.
    """
    if not len(frame.columns) or not len(frame):
        return "no rows"
    shown = frame if most is None else frame.head(most)
    return text_table(frame_rows(shown))


def frame_rows(frame: pandas.DataFrame) -> list[list[str]]:
    """Return a data frame as rows of text, without its index; the first row has the titles."""
    titles = list(map(str, frame.columns))
    special = {**dict.fromkeys(P_VALUES, p_value_cell), PROBABILITY: probability_cell}
    shown = [special.get(title, cell) for title in titles]
    rows = frame.itertuples(index=False, name=None)
    return [titles, *([show(value) for show, value in zip(shown, row, strict=True)] for row in rows)]


def p_value_cell(value: Any) -> str:
    """Return a p-value as text: beyond three digits it says only how small it is.

    Examples
    --------
    >>> p_value_cell(5e-39), p_value_cell(0.001), p_value_cell(0.25), p_value_cell(float("nan"))
    ('< 0.001', '0.001', '0.25', '')
    """
    return SMALLEST_P if is_tiny(value) else cell(value)


def probability_cell(value: Any) -> str:
    """Return a probability that is estimated as text: never certain, and nothing where it is undefined.

    Examples
    --------
    >>> probability_cell(0.0), probability_cell(6e-5), probability_cell(0.7913), probability_cell(1.0)
    ('< 0.001', '< 0.001', '0.791', '> 0.999')
    """
    if not isinstance(value, float) or value != value:
        return cell(value)
    return describe_probability(value)
