# SPDX-License-Identifier: Apache-2.0
"""Image messages to OpenCV arrays and back, with the API and the conversion rules of cv_bridge in Jazzy."""
from .core import CvBridge, CvBridgeError

__all__ = ['CvBridge', 'CvBridgeError']
