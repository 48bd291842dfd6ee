# SPDX-License-Identifier: Apache-2.0
"""What weights say of themselves: who says it, what is taken, and how a source compares with training."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ttt3r_ros.model.checkpoint import CheckpointError, convert, read_profile
from ttt3r_ros.reconstruction.covariance_fit import OTHER_SETTINGS, Fit
from ttt3r_ros.reconstruction.reset_policy import ResetPolicyError
from ttt3r_ros.reconstruction.trajectory import ALIGNMENTS
from ttt3r_ros.reconstruction.uncertainty import Coefficients, Observation, Uncertainty
from ttt3r_ros.reconstruction.weights_profile import (
    SegmentSettings,
    Source,
    TrainedOn,
    WeightsProfile,
    WeightsProfileError,
    compare,
    load_profile,
    resolve,
)

SIXTEEN = {'reset_policy': 'interval', 'reset_interval': 16, 'segment_alignment': 'se3'}


def test_automatic_values_are_the_weights_own():
    """The embedded weights ask for a reset every 16 frames in SE(3), and for steps of the images; what the user gives
    goes before it."""
    profile = load_profile('embedded')
    automatic = resolve(profile)
    assert automatic == SegmentSettings('interval', 16, 'se3', 'images')
    assert 'reset_interval 16' in automatic.told and 'embedded.safetensors.profile.json' in automatic.told
    assert resolve(profile, 'never', step_source='model') == SegmentSettings('never', 16, 'se3', 'model')
    assert resolve(profile, segment_alignment='sim3', reset_interval=40) == SegmentSettings(
        'interval', 40, 'sim3', 'images')
    assert resolve(profile, 'interval', 20, 'se3', 'model').told == ''


@pytest.mark.parametrize('weights', ['untrained', 'no/such/file.safetensors', 'nothing.pth'])
def test_weights_that_say_nothing_are_never_reset(weights):
    """Without a file beside them and metadata it is never, 100, sim3 and model, and the log can tell so."""
    found = resolve(load_profile(weights))
    assert found == SegmentSettings('never', 100, 'sim3', 'model') == SegmentSettings()
    assert 'do not say' in found.told


def test_converted_weights_take_their_profile_along(tmp_path):
    """What stands beside a checkpoint stands in the metadata of what it is converted to; a file beside goes before."""
    target = tmp_path / 'copy.safetensors'
    convert('embedded', target)
    profile = load_profile(str(target))
    assert replace(profile, where='') == replace(load_profile('embedded'), where='')
    assert profile.where == f'the metadata of {target}'
    (tmp_path / 'copy.safetensors.profile.json').write_text(json.dumps({'settings': {'reset_policy': 'adaptive'}}))
    assert resolve(load_profile(str(target))) == SegmentSettings('adaptive', 100, 'sim3')


@pytest.mark.parametrize('text', [
    '{', '[]', 'null', '{"settings": []}', '{"setting": {}}', '{"settings": {"reset_policy": "often"}}',
    '{"settings": {"reset_interval": 1}}', '{"settings": {"reset_interval": 16.5}}',
    '{"settings": {"reset_interval": true}}', '{"settings": {"segment_alignment": "so3"}}',
    '{"settings": {"step_source": "corners"}}',
    '{"settings": {"told": "me"}}', '{"trained_on": {"synthetic": "yes"}}', '{"trained_on": {"aspects": []}}',
    '{"trained_on": {"steps_m": [0.2, 0.1]}}', '{"trained_on": {"fields_of_view": 60}}', '{"trained_on": {"fov": 1}}',
    '{"trained_on": {"confidence": 1}}', '{"trained_on": {"confidence": Infinity}}'])
def test_a_profile_that_cannot_be_meant_is_named(tmp_path, text):
    """A wrong file beside the weights is refused with its name, never half taken."""
    (tmp_path / 'w.safetensors.profile.json').write_text(text)
    with pytest.raises(WeightsProfileError, match=r'w\.safetensors\.profile\.json'):
        load_profile(str(tmp_path / 'w.safetensors'))


def test_a_profile_that_cannot_be_read_is_named(tmp_path):
    """A folder or bytes that are no text, in the file's place."""
    (tmp_path / 'a.pth.profile.json').mkdir()
    (tmp_path / 'b.pth.profile.json').write_bytes(b'\xff\xfe{')
    for name in 'ab':
        with pytest.raises(CheckpointError, match=rf'{name}\.pth\.profile\.json'):
            read_profile(str(tmp_path / f'{name}.pth'))


@pytest.mark.parametrize(('name', 'value'), [
    ('reset_policy', 'sometimes'), ('reset_interval', 1), ('reset_interval', -16), ('segment_alignment', 'se2'),
    ('step_source', 'corners')])
def test_settings_that_are_none_are_refused(name, value):
    """One frame is no segment."""
    with pytest.raises(ResetPolicyError, match=name):
        resolve(WeightsProfile(), **{name: value})


def test_a_calibration_belongs_to_its_settings():
    """Under other settings than it was measured with, every standard deviation is ten times as large, and that is said.
    """
    measured = resolve(load_profile('embedded'))
    fit = Fit(Coefficients(), measured)
    assert fit.under(measured) == (Coefficients(), '')
    for other in (SegmentSettings(), replace(measured, reset_interval=100), replace(measured, reset_policy='adaptive'),
                  replace(measured, step_source='model'),
                  *(replace(measured, segment_alignment=a) for a in ALIGNMENTS if a != measured.segment_alignment)):
        coefficients, doubt = fit.under(other)
        assert str(measured) in doubt and str(other) in doubt and f'{OTHER_SETTINGS:g}' in doubt
        one, many = (Uncertainty(c).update(Observation(measured_at(), 2.0, 0)).pose
                     for c in (Coefficients(), coefficients))
        assert many == pytest.approx(OTHER_SETTINGS ** 2 * one)
    assert Fit().under(measured)[1].startswith('are guesses')


def measured_at():
    """Return a pose off the origin."""
    import numpy as np
    pose = np.eye(4)
    pose[:3, 3] = 1, 2, 3
    return pose


def test_familiarity_names_what_training_has_not_shown():
    """A phone's tall, wide, real video against the embedded weights, a synthetic room, and a source nobody knows."""
    trained_on = load_profile('embedded').trained_on
    phone = compare(trained_on, Source(aspect=9 / 16, field_of_view=110, synthetic=False, step_m=0.3, step_deg=20))
    assert [reason.split(' ')[0] for reason in phone.outside] == ['real', 'aspect', 'field', 'step', 'turn']
    assert not phone.inside and not phone.unknown
    room = compare(trained_on, Source(aspect=640 / 480, field_of_view=63, synthetic=True, step_m=0.1, step_deg=3))
    assert len(room.inside) == 5 and not room.outside and not room.unknown
    assert len(compare(trained_on, Source()).unknown) == 5
    nobody = compare(TrainedOn(), Source(aspect=1.5, field_of_view=60, synthetic=False, step_m=0.1, step_deg=1))
    assert len(nobody.unknown) == 5 and not nobody.inside and not nobody.outside


def test_real_weights_have_seen_synthetic_pictures_nobody_asks():
    """Weights that have seen real pictures too are not told to be strange to either."""
    for synthetic in (True, False):
        assert compare(TrainedOn(synthetic=False), Source(synthetic=synthetic)).inside
