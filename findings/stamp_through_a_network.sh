#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Numbers of int64, a stamp in nanoseconds among them, through a network that hands them on, in OpenCV 5 and in ONNX Runtime.
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


stamps = np.array([1764500000123456789, 2**32 + 7, -5])
other, own = answers(stamps, 'Identity', [])
print(f'OpenCV {cv2.__version__}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: {stamps.tolist()}, as in ONNX Runtime: {other.tolist()}\n'
      f'seen:  {own.tolist()} of {own.dtype}: the lower 32 bits')
held = (other == stamps).all() and own.dtype == np.int64 and (own == stamps.astype('i4')).all() and own[1] == 7
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
