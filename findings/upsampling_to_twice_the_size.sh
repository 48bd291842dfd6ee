#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Transposed convolutions that make 8 by 8 of 4 by 4, by `SAME_UPPER` or by an output shape, in networks in OpenCV 5 and in ONNX Runtime.
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


x, kernel = np.ones((1, 1, 4, 4), 'f4'), np.ones((1, 1, 3, 3), 'f4')
seen = [[said.shape[2:] for said in answers(x, 'ConvTranspose', ['w'], {'strides': [2, 2], **how}, w=kernel)]
        for how in ({'auto_pad': 'SAME_UPPER'}, {'output_shape': [8, 8]}, {'pads': [0, 0, 1, 1]})]
print(f'OpenCV {cv2.__version__}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: {[other for other, _ in seen]}, as in ONNX Runtime\n'
      f'seen:  {[own for _, own in seen]}')
sys.exit(0 if seen == [[(8, 8), (7, 7)], [(8, 8), (10, 10)], [(8, 8), (8, 8)]] else 'The behaviour has changed.')
PYTHON
