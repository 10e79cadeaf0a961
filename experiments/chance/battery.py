"""Published tests of randomness: each takes a sequence of 32-bit words and returns a probability.

It is the probability that a perfect source gives a statistic at most as large (the middle of the step where
the statistic is a whole number): uniform in (0, 1), near 0 where the words are too even, near 1 where they
are too uneven.

References
----------
Knuth (1997), The Art of Computer Programming, volume 2, third edition, section 3.3.2.
Marsaglia (1985), A current view of random number generators. Computing Science and Statistics 16.
L'Ecuyer & Simard (2007), TestU01: a C library for empirical testing of random number generators. ACM
Transactions on Mathematical Software 33(4), 22.
Rukhin et al. (2010), A statistical test suite for random and pseudorandom number generators for
cryptographic applications. NIST Special Publication 800-22, revision 1a.
Webster & Tavares (1986), On the design of S-boxes. CRYPTO '85.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln
from scipy.stats import binom, chi2, norm, poisson

Words = NDArray[np.uint32]
Test = Callable[[Words], float]


def _chi_square(counts: Any, probabilities: Any) -> float:
    counts, expected = np.asarray(counts, float), np.asarray(probabilities) * np.sum(counts)
    keep = expected > 0
    return float(chi2.cdf(((counts - expected)[keep] ** 2 / expected[keep]).sum(), keep.sum() - 1))


def _even(cells: Any, n_cells: int) -> float:
    return _chi_square(np.bincount(cells, minlength=n_cells), np.full(n_cells, 1 / n_cells))


def _pooled(probabilities: NDArray[np.float64], n: int, least: float = 10.0) -> NDArray[np.int64]:
    """Return for each class the group it is counted in, so that every group is expected often enough."""
    group, total, groups = 0, 0.0, []
    for probability in probabilities:
        groups.append(group)
        total += probability * n
        if total >= least:
            group, total = group + 1, 0.0
    last = max(group - 1, 0) if total < least else group
    return np.minimum(groups, last)


def _classes(counts: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    groups = _pooled(probabilities, int(counts.sum()))
    return _chi_square(np.bincount(groups, counts), np.bincount(groups, probabilities))


def frequency_of_high_bits(words: Words) -> float:
    """Equidistribution of the upper 8 bits (Knuth, frequency test)."""
    return _even(words >> 24, 256)


def frequency_of_low_bits(words: Words) -> float:
    """Equidistribution of the lower 8 bits (Knuth, frequency test)."""
    return _even(words & 255, 256)


def halves(words: Words) -> float:
    """Pairs of the upper bits of the two 16-bit halves of a word, which coins are read from (Knuth, serial test)."""
    return _even((words >> 26 << 6) | (words >> 10 & 63), 4096)


def serial(words: Words) -> float:
    """Equidistribution of successive pairs, 64 x 64 (Knuth, serial test)."""
    pairs = words[: len(words) // 2 * 2].reshape(-1, 2) >> 26
    return _even((pairs[:, 0] << 6) | pairs[:, 1], 4096)


def serial_across_addresses(words: Words) -> float:
    """Pairs of the same word of successive addresses, 32 x 32 (Knuth, serial test)."""
    rows = words[: len(words) // 8 * 8].reshape(-1, 2, 4) >> 27
    return _even(((rows[:, 0] << 5) | rows[:, 1]).ravel(), 1024)


def gaps(words: Words) -> float:
    """Lengths of the gaps between words of the lowest sixteenth (Knuth, gap test)."""
    lengths = np.diff(np.flatnonzero(words < 2**28)) - 1
    if len(lengths) < 100:
        return 1.0
    most, p = 64, 1 / 16
    probabilities = np.append(p * (1 - p) ** np.arange(most), (1 - p) ** most)
    return _classes(np.bincount(np.minimum(lengths, most), minlength=most + 1), probabilities)


def permutations(words: Words) -> float:
    """Orders of five successive words (Knuth, permutation test)."""
    order = np.argsort(words[: len(words) // 5 * 5].reshape(-1, 5), axis=1)
    number = np.zeros(len(order), dtype=np.int64)
    for k in range(5):
        number = number * (5 - k) + (order[:, k + 1 :] < order[:, k : k + 1]).sum(axis=1)
    return _even(number, 120)


def runs_of_bits(words: Words) -> float:
    """Count runs of equal bits (NIST SP 800-22, runs test)."""
    bits = np.unpackbits(words.view(np.uint8))
    share, n = bits.mean(), bits.size
    n_runs = 1 + np.count_nonzero(bits[1:] != bits[:-1])
    spread = 2 * np.sqrt(n) * share * (1 - share)
    return float(norm.cdf((n_runs - 2 * n * share * (1 - share)) / spread)) if spread else 1.0


def turning_points(words: Words) -> float:
    """Count local extremes: runs up and down (Knuth, run test)."""
    n, up = len(words), words[1:] > words[:-1]
    n_turns = np.count_nonzero(up[1:] != up[:-1])
    return float(norm.cdf((n_turns - 2 * (n - 2) / 3) / np.sqrt((16 * n - 29) / 90)))


def serial_correlation(words: Words) -> float:
    """Correlations with the words 1 to 32 places on (Knuth, serial correlation test)."""
    values, lags = (words + 0.5) / 2.0**32 - 0.5, np.arange(1, 33)
    spectrum = np.fft.rfft(values, 2 * len(values))
    products = np.fft.irfft(np.square(np.abs(spectrum)))[lags]
    return float(chi2.cdf((144 * np.square(products) / (len(values) - lags)).sum(), len(lags)))


def bits_set(words: Words) -> float:
    """Count the bits set in a word (TestU01, Hamming weights)."""
    counts = np.bincount(np.bitwise_count(words), minlength=33)
    return _classes(counts, binom.pmf(np.arange(33), 32, 0.5))


def each_bit(words: Words) -> float:
    """Each of the 32 bits set half of the time (NIST SP 800-22, frequency test)."""
    ones = np.array([np.count_nonzero(words >> bit & 1) for bit in range(32)])
    return float(chi2.cdf((np.square(2 * ones - len(words)) / len(words)).sum(), 32))


def bits_set_in_neighbors(words: Words) -> float:
    """Bits set in one word and in the next, as few or many (TestU01, Hamming independence)."""
    weights = np.bitwise_count(words[: len(words) // 2 * 2]).astype(np.int64).reshape(-1, 2)
    low, high = binom.cdf(14, 32, 0.5), binom.sf(17, 32, 0.5)
    share = np.array([low, 1 - low - high, high])
    kind = (weights > 14).astype(np.int64) + (weights > 17)
    return _chi_square(np.bincount(3 * kind[:, 0] + kind[:, 1], minlength=9), np.outer(share, share).ravel())


def ranks(words: Words) -> float:
    """Ranks of 32 x 32 matrices of bits (Marsaglia 1985)."""
    rows = words[: len(words) // 32 * 32].reshape(-1, 32).copy()
    rank = np.zeros(len(rows), dtype=np.int64)
    every, place = np.arange(len(rows)), np.arange(32)
    for bit in range(32):
        has = (rows >> np.uint32(bit) & 1).astype(bool) & (place >= rank[:, None])
        pivot, found = has.argmax(axis=1), has.any(axis=1)
        into = np.minimum(rank, 31)
        pivot = np.where(found, pivot, into)
        top = rows[every, pivot]
        rows[every, pivot] = rows[every, into]
        rows[every, into] = top
        clear = (rows >> np.uint32(bit) & 1).astype(bool) & (place > into[:, None]) & found[:, None]
        rows ^= np.where(clear, top[:, None], np.uint32(0))
        rank += found
    share = [_rank_share(32), _rank_share(31)]
    counts = [(rank == 32).sum(), (rank == 31).sum(), (rank < 31).sum()]
    return _chi_square(counts, [*share, 1 - sum(share)])


def _rank_share(rank: int, size: int = 32) -> float:
    log = (rank * (2 * size - rank) - size * size) * np.log(2.0)
    i = np.arange(rank)
    log += 2 * np.log1p(-(2.0 ** (i - size))).sum() - np.log1p(-(2.0 ** (i - rank))).sum()
    return float(np.exp(log))


def _spacings(points: NDArray[np.uint32], n_birthdays: int) -> float:
    years = np.sort(points[: len(points) // n_birthdays * n_birthdays].reshape(-1, n_birthdays), axis=1)
    spacings = np.sort(np.diff(years.astype(np.int64), axis=1), axis=1)
    n_equal = int(np.count_nonzero(spacings[:, 1:] == spacings[:, :-1]))
    mean = len(years) * n_birthdays**3 / 2.0**34
    return float(poisson.cdf(n_equal - 1, mean) + 0.5 * poisson.pmf(n_equal, mean))


def birthday_spacings(words: Words) -> float:
    """Equal spacings of 2,048 birthdays in a year of 2^32 days (Marsaglia 1985)."""
    return _spacings(words, 2048)


def birthday_spacings_in_two(words: Words) -> float:
    """Do the same with days made of the upper halves of two words (L'Ecuyer & Simard 2007)."""
    pairs = words[: len(words) // 2 * 2].reshape(-1, 2)
    return _spacings((pairs[:, 0] & np.uint32(0xFFFF0000)) | (pairs[:, 1] >> np.uint32(16)), 2048)


def collisions(words: Words) -> float:
    """Collisions of 4,096 balls in 2^20 urns, an urn being 5 bits of each of 4 words (Knuth, collision test)."""
    rows = words[: len(words) // 4 * 4].reshape(-1, 4) >> np.uint32(27)
    urns = (rows[:, 0] << 15) | (rows[:, 1] << 10) | (rows[:, 2] << 5) | rows[:, 3]
    each, n_urns = 4096, 2.0**20
    urns = urns[: len(urns) // each * each].reshape(-1, each)
    n_collisions = sum(each - len(np.unique(row)) for row in urns)
    empty = np.exp(each * np.log1p(-1 / n_urns))
    mean = each - n_urns * (1 - empty)
    both = n_urns * (n_urns - 1) * np.exp(each * np.log1p(-2 / n_urns))
    variance = both + n_urns * empty - (n_urns * empty) ** 2
    if len(urns) == 0:
        return 0.5
    return float(norm.cdf((n_collisions - len(urns) * mean) / np.sqrt(len(urns) * variance)))


def largest_of_eight(words: Words) -> float:
    """Take the largest of eight successive words to the eighth power, which is uniform (Knuth, maximum-of-t test)."""
    largest = words[: len(words) // 8 * 8].reshape(-1, 8).max(axis=1)
    return _even(np.minimum(((largest + 0.5) / 2.0**32) ** 8 * 64, 63).astype(np.int64), 64)


def coupons(words: Words) -> float:
    """Words until each of the eight eighths has come up (Knuth, coupon collector's test)."""
    digits, lengths, seen, begin = (words >> np.uint32(29)).tolist(), [], 0, 0
    for position, digit in enumerate(digits):
        seen |= 1 << digit
        if seen == 255:
            lengths.append(position + 1 - begin)
            seen, begin = 0, position + 1
    most = 60
    t = np.arange(most)
    # probability that all eight have come up within t words, by inclusion and exclusion
    k = np.arange(9)
    ways = np.exp(gammaln(9) - gammaln(k + 1) - gammaln(9 - k)) * (-1.0) ** k
    within = (ways * (1 - k / 8) ** t[:, None]).sum(axis=1)
    probabilities = np.append(np.diff(within, prepend=0.0), 1 - within[-1])
    probabilities[:8] = 0.0
    counts = np.bincount(np.minimum(np.array(lengths, dtype=np.int64), most), minlength=most + 1)
    return _classes(counts[8:], probabilities[8:]) if lengths else 1.0


TESTS: dict[str, Test] = {
    "frequency, high bits": frequency_of_high_bits,
    "frequency, low bits": frequency_of_low_bits,
    "halves of a word": halves,
    "serial pairs": serial,
    "serial pairs across addresses": serial_across_addresses,
    "gaps": gaps,
    "permutations": permutations,
    "coupon collector": coupons,
    "runs of bits": runs_of_bits,
    "runs up and down": turning_points,
    "serial correlation": serial_correlation,
    "bits set": bits_set,
    "each bit": each_bit,
    "bits set in neighbors": bits_set_in_neighbors,
    "ranks of matrices": ranks,
    "birthday spacings": birthday_spacings,
    "birthday spacings in two": birthday_spacings_in_two,
    "collisions": collisions,
    "largest of eight": largest_of_eight,
}


def avalanche(generator: Callable[[Words], Words], addresses: Words) -> float:
    """Return the largest deviation, in standard errors, over 192 input and 128 output bits.

    Flipping one bit of an address flips each bit of its words half of the time (Webster & Tavares 1986).
    """
    here, worst, n = generator(addresses), 0.0, len(addresses)
    for part in range(6):
        for bit in range(32):
            other = addresses.copy()
            other[:, part] ^= np.uint32(1 << bit)
            flipped = np.unpackbits((generator(other) ^ here).view(np.uint8), axis=None).reshape(n, 128)
            z = (2.0 * flipped.sum(axis=0) - n) / np.sqrt(n)
            worst = max(worst, float(np.abs(z).max()))
    return worst


def repeats(words: Words) -> int:
    """Return how many addresses have the same four words as an earlier one: none, among less than 2^50."""
    rows = np.ascontiguousarray(words.reshape(-1, 4)).view(np.uint64)
    rows = rows[np.lexsort(rows.T)]
    return int(np.count_nonzero((rows[1:] == rows[:-1]).all(axis=1)))


def scattered(n: int) -> Words:
    """Return addresses as small as they are in use, none of them a flipped bit away from another."""
    return np.random.default_rng(1).integers(0, 2**14, (n, 6), dtype=np.uint32)


def avalanche_probability(worst: float) -> float:
    """Return a bound on the chance that perfect words deviate so far anywhere: 192 x 128 bits."""
    return float(min(1.0, 192 * 128 * 2 * norm.sf(worst)))
