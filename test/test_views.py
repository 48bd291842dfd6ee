# SPDX-License-Identifier: Apache-2.0
"""What is asked about an unseen view, and refused before the memory is."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy')
from std_msgs.msg import Header  # noqa: E402

from ttt3r_ros.ros.views import QueryError, Question, Views  # noqa: E402

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
