"""New histories from one: a block bootstrap that keeps the autocorrelation of the residuals.

Blocks joined at random break the slow swings that make a CUSUM's false alarms, so a plain block
bootstrap sets limits too low. Here an autoregression takes the linear dependence out, circular
blocks of its innovations are drawn (Politis and Romano 1992), and the autoregression puts the
dependence back ("post-blackening", Davison and Hinkley 1997, Bootstrap Methods, 8.2). Blocks keep
what is not linear: stops come together. Their length is that of Politis and White (2004,
Econometric Reviews 23:53) as corrected by Patton, Politis and White (2009, ibid. 28:372).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from service.domain.arrays import Float64s

SMOOTHING = 0.2
"""Normal noise added to each innovation, in standard deviations, with the variance kept: a limit
lies beyond what one history has shown (smoothed bootstrap; Davison and Hinkley 1997, 3.4)."""


@dataclass(frozen=True, slots=True)
class Resampler:
    """Draws series that behave like a history.

    mean: of the history. coefficients: of the autoregression, shape (order,). innovations: without
    NaN, mean 0, shape (n,). block_length: of the blocks of innovations.
    """

    mean: float
    coefficients: Float64s
    innovations: Float64s
    block_length: int

    def sample(self, rng: np.random.Generator, rows: int, blocks: int) -> Float64s:
        """``rows`` series, shape (rows, blocks); each is stationary round a circle."""
        drawn = circular_blocks(rng, self.innovations, rows, blocks, self.block_length)
        noise = SMOOTHING * float(self.innovations.std())
        drawn += rng.normal(0.0, noise, drawn.shape)
        drawn /= math.sqrt(1.0 + SMOOTHING**2)
        if not self.coefficients.size:
            return drawn + self.mean
        kernel = np.zeros(blocks)
        order = min(self.coefficients.size, blocks - 1)
        kernel[0] = 1.0
        kernel[1 : order + 1] = -self.coefficients[:order]
        spectrum = np.fft.rfft(drawn, axis=1) / np.fft.rfft(kernel)
        return np.asarray(np.fft.irfft(spectrum, n=blocks, axis=1)) + self.mean


def fit_resampler(x: Float64s) -> Resampler:
    """Of a history ``x``, shape (blocks,), with NaN where missing.

    ValueError when fewer than 20 blocks are known together with the blocks before them.
    """
    mean = float(np.nanmean(x))
    centred = x - mean
    coefficients = autoregression(centred)
    order = coefficients.size
    innovations = centred[order:].copy()
    for lag in range(1, order + 1):
        innovations -= coefficients[lag - 1] * centred[order - lag : centred.size - lag]
    innovations = innovations[~np.isnan(innovations)]
    if innovations.size < 20:
        raise ValueError(
            f"resampling needs 20 known blocks with {order} known before each, "
            f"not {innovations.size}: give more history"
        )
    innovations -= innovations.mean()
    # Innovations without correlation can still come in bunches: the greater length keeps both.
    length = max(block_length(innovations), block_length(np.abs(innovations)))
    return Resampler(mean, coefficients, innovations, length)


def circular_blocks(
    rng: np.random.Generator, x: Float64s, rows: int, blocks: int, length: int
) -> Float64s:
    """``rows`` series of ``blocks`` values from pieces of ``x``, shape (n,), of ``length`` values
    each that begin anywhere, ``x`` being closed to a circle."""
    pieces = -(-blocks // length)
    starts = rng.integers(0, x.size, (rows, pieces, 1))
    index = (starts + np.arange(length)) % x.size
    return np.asarray(x[index.reshape(rows, pieces * length)[:, :blocks]])


def autoregression(x: Float64s) -> Float64s:
    """Coefficients of a stationary autoregression of ``x`` (mean 0, NaN where missing), its order
    chosen by Akaike's criterion; Yule-Walker by the Levinson-Durbin recursion."""
    n = int(np.count_nonzero(~np.isnan(x)))
    most = min(int(10.0 * math.log10(max(n, 2))), n // 10)
    covariance = autocovariance(x, most)
    best: Float64s = np.empty(0)
    if covariance[0] <= 0.0:
        return best
    coefficients, error = best, float(covariance[0])
    least = n * math.log(error)
    for order in range(1, most + 1):
        ahead = covariance[order] - coefficients @ covariance[order - 1 : 0 : -1]
        reflection = float(ahead) / error
        # With gaps the covariances need not be those of any series; then stop before it shows.
        if abs(reflection) >= 1.0:
            break
        coefficients = np.append(coefficients - reflection * coefficients[::-1], reflection)
        error *= 1.0 - reflection**2
        criterion = n * math.log(error) + 2.0 * order
        if criterion < least:
            least, best = criterion, coefficients
    return best


def autocovariance(x: Float64s, lags: int) -> Float64s:
    """Of ``x`` (mean 0, NaN where missing) at lags 0 … ``lags``; pairs with a missing value are
    left out, and the sum is divided by the number of known values."""
    known = ~np.isnan(x)
    filled = np.where(known, x, 0.0)
    n = max(int(known.sum()), 1)
    sums = [float(filled[: x.size - lag] @ filled[lag:]) for lag in range(lags + 1)]
    pairs = np.array(
        [np.count_nonzero(known[: x.size - lag] & known[lag:]) for lag in range(lags + 1)]
    )
    expected = n * (1.0 - np.arange(lags + 1) / x.size)
    return np.asarray(np.asarray(sums) / n * expected / np.maximum(pairs, 1.0), np.float64)


def block_length(x: Float64s) -> int:
    """Politis and White's length of circular blocks for ``x``, shape (n,), without NaN; at least 1.

    The autocorrelation is followed until it stays within ± 2 √(log10 n / n) for a while; twice that
    lag is the width of a flat-top window for the spectrum at 0 and its slope.
    """
    n = x.size
    settle = max(5, int(math.sqrt(math.log10(n))))
    most = min(math.ceil(math.sqrt(n)) + settle, n - 1)
    covariance = autocovariance(x - x.mean(), most)
    if covariance[0] <= 0.0:
        return 1
    bound = 2.0 * math.sqrt(math.log10(n) / n)
    small = np.abs(covariance[1:] / covariance[0]) < bound
    calm = [lag for lag in range(most - settle + 1) if small[lag : lag + settle].all()]
    last = calm[0] if calm else int(np.flatnonzero(~small)[-1]) + 1
    width = min(2 * max(last, 1), most)
    lags = np.arange(1, width + 1)
    window = np.clip(2.0 * (1.0 - lags / width), 0.0, 1.0)
    at_zero = covariance[0] + 2.0 * float(window @ covariance[1 : width + 1])
    slope = 2.0 * float(window @ (lags * covariance[1 : width + 1]))
    if at_zero <= 0.0:
        return 1
    length = (2.0 * slope**2 / (4.0 / 3.0 * at_zero**2)) ** (1.0 / 3.0) * n ** (1.0 / 3.0)
    longest = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    return int(min(max(round(length), 1), longest))
