"""Outcomes kept on disk, so that a killed study goes on where it was.

Every piece is one file, named by a hash of everything it depends on, and appears complete or not at all. A piece
that cannot be read is computed again.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from simulator.experiment.sampling import Values, outcome_digest
from simulator.model.observation import TRAJECTORY_VERSION
from simulator.outcomes.store import write_file


class OutcomeCache:
    """Pieces of outcomes by what they depend on.

    Parameters
    ----------
    folder : path, optional
        Where the pieces are kept; without one, nothing is kept.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = None if folder is None else Path(folder)
        self.n_found = 0

    def get(self, compute: Callable[[], Values], *key: str) -> Values:
        """Return a piece, from disk if it is there.

        Parameters
        ----------
        compute : callable
            Returns the piece.
        *key : str
            Everything that it depends on.

        Returns
        -------
        ndarray of float64
            The piece.
        """
        if self.folder is None:
            return compute()
        from simulator import __version__

        name = outcome_digest(__version__, str(TRAJECTORY_VERSION), *key)
        file = self.folder / f"{name}.npy"
        try:
            found = np.load(file, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            values = compute()
            self.folder.mkdir(parents=True, exist_ok=True)
            buffer = io.BytesIO()
            np.save(buffer, values, allow_pickle=False)
            write_file(file, buffer.getvalue())
            return values
        self.n_found += 1
        return np.asarray(found, dtype=np.float64)
