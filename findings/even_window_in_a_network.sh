#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Windows of two columns whose pad comes first, `SAME_LOWER`, in a convolution, a maximum and a mean, in networks in OpenCV 5 and in ONNX
# Runtime.
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


row = np.arange(1, 7, dtype='f4').reshape(1, 1, 1, 6)
same = {'auto_pad': 'SAME_LOWER'}
seen = [[said.ravel().tolist() for said in pair] for pair in (
    answers(row, 'Conv', ['w'], same, w=np.array([[[[1, 10]]]], 'f4')), answers(row, 'MaxPool', [], {**same, 'kernel_shape': [1, 2]}),
    answers(row, 'AveragePool', [], {**same, 'kernel_shape': [1, 2]}))]
print(f'OpenCV {cv2.__version__}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: {[other for other, _ in seen]}, as in ONNX Runtime\n'
      f'seen:  {[own for _, own in seen]}: the pad comes last, as of SAME_UPPER')
held = seen == [[[10, 21, 32, 43, 54, 65], [21, 32, 43, 54, 65, 6]], [[1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 6]],
                [[1, 1.5, 2.5, 3.5, 4.5, 5.5], [1.5, 2.5, 3.5, 4.5, 5.5, 6]]]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
