# SPDX-License-Identifier: Apache-2.0
"""What is asked about an unseen view, and refused before the memory is."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy')
from sensor_msgs.msg import CameraInfo  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from ttt3r_ros.srv import QueryView  # noqa: E402

from ttt3r_ros.ros.views import QueryError, Question, Views, question  # noqa: E402

POSE, K = np.eye(4), np.diag([50.0, 50.0, 1.0])


@pytest.mark.parametrize(('question', 'header', 'intrinsics', 'known', 'told'), [
    (Question(POSE, K, (48, 80)), Header(), K, True, '80×48 pixels, and 3839 are answered'),
    (Question(POSE, K, (48, 64)), None, None, True, 'has seen no frame yet'),
    (Question(POSE, K, (48, 64)), Header(), K, False, 'the odometry frame is not known yet'),
    (Question(POSE), Header(), K * np.nan, True, 'the focal length of the last image is not known')])
def test_what_cannot_be_asked_is_refused_in_words(question, header, intrinsics, known, told):
    """Each reason by itself, before the memory is asked."""
    memory = SimpleNamespace(require_ray_map=lambda: None)
    views = Views(memory, SimpleNamespace(own=lambda pose: pose if known else None), SimpleNamespace(factor=1.0))
    with pytest.raises(QueryError, match=told):
        views.ask(question, header, intrinsics, 3839)


@pytest.mark.parametrize(('field', 'value', 'told'), [
    (8, 0.0, 'must have the form'), (8, -1.0, 'must have the form'), (3, 2.0, 'must have the form'),
    (4, -60.0, 'must be positive'), (5, np.nan, 'not finite'), (0, 0.0, 'not calibrated')])
def test_a_matrix_that_is_no_cameras_is_refused_in_words(field, value, told):
    """One that has no inverse was a traceback, one that looks backwards was answered."""
    k = [60.0, 0.0, 32.0, 0.0, 60.0, 24.0, 0.0, 0.0, 1.0]
    k[field] = value
    with pytest.raises(QueryError, match=rf'camera_info\.k.*{told}.*give a calibrated camera, or width 0') as refused:
        question(QueryView.Request(camera_info=CameraInfo(width=64, height=48, k=k)))
    assert 'rectification' not in str(refused.value)
