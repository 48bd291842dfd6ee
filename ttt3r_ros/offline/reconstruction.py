# SPDX-License-Identifier: Apache-2.0
"""A Reconstructor from the settings that a user gives."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ttt3r_ros.model.checkpoint import LoadedNetwork, load_network, weights_file
from ttt3r_ros.model.device import resolve_device, why_unusable
from ttt3r_ros.model.update_rules import make_rule
from ttt3r_ros.offline.stream import StreamError
from ttt3r_ros.reconstruction.covariance_fit import Fit, load_fit
from ttt3r_ros.reconstruction.reconstructor import Reconstructor
from ttt3r_ros.reconstruction.tracking import TrackingMonitor
from ttt3r_ros.reconstruction.weights_profile import (
    AUTO,
    AUTO_INTERVAL,
    SegmentSettings,
    TrainedOn,
    WeightsProfile,
    load_profile,
    resolve,
)

LARGEST = 2048  # pixels: far beyond what any network was trained with


@dataclass(frozen=True)
class Settings:
    """What answers the frames, as the node's parameters of these names say it.

    size: the long side of the model's image in pixels, a multiple of the weights' patch; None as they were
    trained.
    """

    weights: str = 'embedded'
    weights_sha256: str = ''
    device: str = AUTO
    precision: str = AUTO
    rule: str = 'ttt3r'
    reset_policy: str = AUTO
    reset_interval: int = AUTO_INTERVAL
    segment_alignment: str = AUTO
    step_source: str = AUTO
    size: int | None = None


@dataclass(frozen=True)
class Loaded:
    """A network on a device, what its weights say of themselves, and what is known of the covariances of its poses: all
    that a reconstructor needs of a file."""

    network: LoadedNetwork
    profile: WeightsProfile
    fit: Fit
    device: str

    def on(self, device: str) -> Loaded:
        """Return the same with its network moved to a device."""
        self.network.network.to(device).pack()
        return replace(self, device=device)


@dataclass(frozen=True)
class Prepared:
    """A reconstructor before its first frame, what its network was loaded from, where it runs, its segments, what is
    known of its covariances, and what pictures its weights have seen."""

    reconstructor: Reconstructor
    loaded: LoadedNetwork
    device: str
    segments: SegmentSettings
    fit: Fit
    trained_on: TrainedOn


def load(settings: Settings) -> Loaded:
    """Load the weights for the settings' device, precision and size.

    Raises CheckpointError, PrecisionError, WeightsProfileError, and StreamError for a device or a size that cannot be.
    """
    device = resolve_device(settings.device)
    if why := why_unusable(device):
        raise StreamError(why)
    loaded = load_network(settings.weights, device, settings.precision, sha256=settings.weights_sha256)
    if settings.size is not None:
        loaded.network.config = _resized(loaded, settings.size)
    return Loaded(loaded, load_profile(settings.weights), load_fit(weights_file(settings.weights)), device)


def segments_of(profile: WeightsProfile, settings: Settings) -> SegmentSettings:
    """Return the settings of segments in force. Raises ResetPolicyError."""
    return resolve(profile, settings.reset_policy, settings.reset_interval, settings.segment_alignment,
                   settings.step_source)


def prepare(settings: Settings, *, judged: bool = True, loaded: Loaded | None = None) -> Prepared:
    """Make a reconstructor; judged: every frame is judged before it is written, where the weights are trained.

    loaded: what `load` gave for these settings; None: it is loaded now. Raises UpdateRuleError, ResetPolicyError, and
    what `load` raises.
    """
    rule = make_rule(settings.rule)
    loaded = loaded or load(settings)
    network = loaded.network
    segments = segments_of(loaded.profile, settings)
    reconstructor = Reconstructor(network.network, rule, **segments.options(),
                                  monitor=TrackingMonitor() if judged and network.trained else None)
    return Prepared(reconstructor, network, loaded.device, segments, loaded.fit, loaded.profile.trained_on)


def _resized(loaded: LoadedNetwork, size: int):
    patch = loaded.network.config.patch_size
    if type(size) is not int or size % patch or not patch <= size <= LARGEST:
        raise StreamError(f'size {size!r} is not possible: take a multiple of {patch}, up to {LARGEST}')
    return replace(loaded.network.config, image_size=size)
