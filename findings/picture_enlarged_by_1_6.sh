#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A slope, 1 m more with each pixel, enlarged 1.6 times by `Resize`, to 9 columns of 6, in networks in OpenCV 5 and in ONNX Runtime.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, shape_inference


def answers(x, kind, names, how=None, **constants):
    number = helper.np_dtype_to_tensor_dtype(x.dtype)
    node = helper.make_node(kind, ['x', *names], ['y'], **(how or {}))
    graph = helper.make_graph([node], 'g', [helper.make_tensor_value_info('x', number, x.shape)], [helper.make_tensor_value_info('y', number, None)],
                              [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    told = shape_inference.infer_shapes(model).SerializeToString()
    network = cv2.dnn.readNetFromONNX(np.frombuffer(told, 'u1'))
    network.setInput(x, 'x')
    return onnxruntime.InferenceSession(told, providers=['CPUExecutionProvider']).run(None, {'x': x})[0], network.forward()


slope = np.tile(np.arange(6, dtype='f4'), (6, 1))[None, None]
seen = [[said[0, 0, 4].astype(float).round(2).tolist() for said in answers(slope, 'Resize', ['', 'scale'], {
    'mode': 'linear', 'coordinate_transformation_mode': how}, scale=np.array([1, 1, by, by], 'f4'))]
        for how, by in (('half_pixel', 1.6), ('half_pixel', 2), ('half_pixel_symmetric', 2))]
print(f'OpenCV {cv2.__version__}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: a pixel is 1 / 1.6 of one: {seen[0][0]}; doubled by half_pixel_symmetric {seen[2][0][:4]} and so on, as in ONNX Runtime\n'
      f'seen:  {seen[0][1]}, 6 / 9 of one; {seen[2][1][:4]}, as of asymmetric; by half_pixel doubled both are the same: '
      f'{seen[1][0] == seen[1][1]}')
steps = [np.diff(said)[2:5] for said in seen[0]]
held = (np.allclose(steps[0], 1 / 1.6, atol=.02) and np.allclose(steps[1], 6 / 9, atol=.02) and seen[1][0] == seen[1][1]
        and seen[2][0][:4] == [0, .25, .75, 1.25] and seen[2][1][:4] == [0, .5, 1, 1.5])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
