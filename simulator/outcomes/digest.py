"""The digest of trajectories: a hash that does not depend on how they were computed.

The digest identifies a set of trajectories. Each pair of strategy and replicate is hashed alone, over the
strategy's name, the seed, the replicate's number, the brands' declared ids and the recorded numbers in
the order of those ids; the digest is the sum of these hashes modulo 2**256. It therefore does not depend
on the engine, the number of threads, the names or the order of the brands, or the blocks in which the
replicates were run: the digest of replicates 0-9 is that of 0-4 and 5-9 joined.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MODULUS = 1 << 256


def hash_sum(
    counts: NDArray[np.int64],
    *,
    strategies: Sequence[str],
    replicates: Sequence[int],
    seed: int,
    brand_ids: Sequence[int],
) -> int:
    """Return the sum of the hashes of all trajectories, modulo 2**256.

    Parameters
    ----------
    counts : ndarray of int64, shape (strategy, replicate, step, brand, series)
        Recorded numbers.
    strategies, replicates : sequence
        Names and numbers along the first two axes.
    seed : int
        Seed of the simulation.
    brand_ids : sequence of int
        Declared ids along the axis of brands.

    Returns
    -------
    int
        Hashes of disjoint blocks add up to the hash of all of them.
    """
    by_id = np.argsort(np.asarray(brand_ids))
    ordered_ids = [int(brand_ids[position]) for position in by_id]
    is_ordered = bool(np.all(by_id == np.arange(len(by_id))))
    total = 0
    for s, strategy in enumerate(strategies):
        for r, replicate in enumerate(replicates):
            block = counts[s, r] if is_ordered else counts[s, r][:, by_id]
            recorded = np.ascontiguousarray(block, dtype="<i8")
            header = f"{strategy}\n{seed}\n{replicate}\n{ordered_ids}\n{recorded.shape}\n"
            digest = hashlib.sha256(header.encode())
            digest.update(recorded.data)
            total += int.from_bytes(digest.digest(), "big")
    return total % _MODULUS


def digest_text(total: int) -> str:
    """Return a sum of hashes as 64 hexadecimal digits."""
    return f"{total % _MODULUS:064x}"
