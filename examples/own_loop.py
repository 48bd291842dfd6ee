# SPDX-License-Identifier: Apache-2.0
"""Images of one's own, one at a time, under two update rules: python examples/own_loop.py SOURCE"""

import sys

import numpy as np

import ttt3r_ros as ttt3r

network = ttt3r.load_network('embedded').network
cameras = {rule: ttt3r.Reconstructor(network, ttt3r.make_rule(rule)) for rule in ('ttt3r', 'cut3r')}
for image in ttt3r.open_sequence(sys.argv[1]):
    rgb = np.ascontiguousarray(image.rgb[::-1, ::-1])  # uint8 (h, w, 3): here a camera that hangs upside down
    frames = {rule: camera.step(rgb, stamp=image.stamp) for rule, camera in cameras.items()}
    print(image.stamp, *(f'{rule}: gate {frame.gate.mean:.2f}, at {frame.pose[:3, 3].round(3)}'
                         for rule, frame in frames.items()))
