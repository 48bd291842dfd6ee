# SPDX-License-Identifier: Apache-2.0
"""Calibration of the covariances: coefficients fitted to paths whose truth is known.

By maximum likelihood, of Student's distribution so that a few lost frames do not decide; then all variances are scaled
so that the normalised estimation error squared averages its dimension, 6, over what they were fitted to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from ttt3r_ros.reconstruction.uncertainty import (
    LEAST_VARIANCE,
    POSE_TERMS,
    STEP_TERMS,
    Coefficients,
    Growth,
    Observation,
    UncertaintyError,
    nees,
    step_terms,
    weight_of,
)

MOST_VARIANCE = 1e4
MOST_EXPONENT = 3.0
FEWEST = 50  # frames to fit to
FREEDOM = 8.0  # degrees, of Student's distribution


def fit(errors: Sequence[np.ndarray], features: Sequence[Sequence[Observation]],
        start: Coefficients = Coefficients()) -> Coefficients:
    """Return start with the pose's coefficients and the reference confidence fitted.

    errors: for each path (n, 6), `pose_error` of each frame; a row with NaN is left out, as the first, which is where
    truth and path begin together. features: the same frames. A coefficient that the paths say nothing about, as a
    reset's without one, stays. Raises UncertaintyError where fewer than FEWEST frames are left or paths do not match.
    """
    start = replace(start, reference_confidence=_middle(features))

    def terms(exponent: float) -> list[np.ndarray]:
        found = []
        for path in features:
            growth = Growth(np.eye(len(POSE_TERMS)))
            found.append(np.array([growth.update(seen, weight_of(seen.confidence, start, exponent)) for seen in path]))
        return found

    return _fit(errors, features, terms, POSE_TERMS, 'confidence_exponent', start)


def fit_step(errors: Sequence[np.ndarray], features: Sequence[Sequence[Observation]],
             start: Coefficients = Coefficients()) -> Coefficients:
    """Return start with the twist's coefficients fitted, to its reference confidence.

    errors: for each path (n, 6), true minus estimated twist, m/s and rad/s in the tracked frame; else as `fit`. A lower
    confidence weighs at least as much as for poses, which are made of steps: what rooms and wide worlds tell of it
    leaves twists of real film too sure.
    """
    def terms(exponent: float) -> list[np.ndarray]:
        return [np.array([np.zeros((len(STEP_TERMS), 6, 6))] + [
            step_terms(before.pose, seen, weight_of(seen.confidence, start, exponent))
            for before, seen in zip(path, path[1:])]) for path in features]

    # The time comes out of both sides: what is fitted is the error of a step.
    times = [np.array([seen.elapsed_s or np.nan for seen in path])[:, None] for path in features]
    steps = [rate * time for rate, time in zip(errors, times, strict=True)]
    return _fit(steps, features, terms, STEP_TERMS, 'step_confidence_exponent', start,
                start.confidence_exponent)


def _middle(features: Sequence[Sequence[Observation]]) -> float:
    return max(float(np.median([seen.confidence for path in features for seen in path] or [2.0])), 1 + 1e-6)


def _fit(errors: Sequence[np.ndarray], features: Sequence[Sequence[Observation]],
         terms: Callable[[float], list[np.ndarray]], names: tuple[str, ...], exponent_name: str,
         start: Coefficients, least_exponent: float = 0.0) -> Coefficients:
    """Maximise the likelihood over the variances of `names`, and outside of it over the exponent.

    terms(exponent): for each path (n, terms, 6, 6).
    """
    if len(errors) != len(features) or any(np.shape(e) != (len(path), 6) for e, path in zip(errors, features)):
        raise UncertaintyError('errors and features do not match: give (n, 6) errors for each path of n frames')
    found = [np.isfinite(e).all(axis=1) & (np.arange(len(e)) > 0) for e in errors]
    used = np.concatenate([e[k] for e, k in zip(errors, found)]) if len(errors) else np.empty((0, 6))
    if len(used) < FEWEST:
        raise UncertaintyError(f'{len(used)} frames with an error are too few: give at least {FEWEST}')

    def solve(exponent: float) -> tuple[float, np.ndarray]:
        bases = np.concatenate([b[k] for b, k in zip(terms(exponent), found)])
        return _most_likely(used, bases, start.variances(names))

    confidences = [seen.confidence for path in features for seen in path]
    exponent = getattr(start, exponent_name)
    if np.ptp(confidences) > 1e-6:
        exponent = float(minimize_scalar(lambda x: solve(x)[0], bounds=(least_exponent, MOST_EXPONENT),
                                         method='bounded', options={'xatol': 0.02}).x)
    variances = solve(exponent)[1]
    return replace(start, **dict(zip(names, np.sqrt(variances).tolist())), **{exponent_name: exponent})


def _most_likely(errors: np.ndarray, bases: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean negative log-likelihood and the variances (k,) of errors (n, 6) of covariance Σ c_k B_k.

    bases (n, k, 6, 6). A basis that is zero everywhere keeps its start.
    """
    (count, terms), size = bases.shape[:2], errors.shape[1]
    flat = np.ascontiguousarray(bases.swapaxes(0, 1)).reshape(terms, -1)
    told = np.abs(flat).max(axis=1) > 0
    flat = flat[told]

    def mean_nees(variances: np.ndarray) -> float:
        return float(nees(errors, (variances @ flat).reshape(count, size, size)).mean())

    def loss(logarithms: np.ndarray) -> tuple[float, np.ndarray]:
        variances = np.exp(logarithms)
        covariance = (variances @ flat).reshape(count, size, size)
        inverse = np.linalg.inv(covariance)
        solved = (inverse @ errors[..., None])[..., 0]
        squared = (errors * solved).sum(-1)
        value = np.linalg.slogdet(covariance)[1] + (FREEDOM + size) * np.log1p(squared / FREEDOM)
        pull = ((FREEDOM + size) / (FREEDOM + squared))[:, None, None] * solved[:, :, None] * solved[:, None, :]
        slope = flat @ (inverse - pull).reshape(-1) * variances
        return value.sum() / 2 / count, slope / 2 / count

    bounds = np.log([LEAST_VARIANCE, MOST_VARIANCE])
    # Begin at the right size, whatever the units of the start.
    begin = np.log(start[told]) + np.log(max(mean_nees(start[told]) / size, LEAST_VARIANCE))
    best = minimize(loss, np.clip(begin, *bounds), jac=True, method='L-BFGS-B', bounds=[tuple(bounds)] * len(begin),
                    options={'maxiter': 500})
    variances, found = start.copy(), np.exp(best.x)
    variances[told] = found * mean_nees(found) / size
    return float(best.fun), variances
