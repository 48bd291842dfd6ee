#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All states of a GRU over five steps, and those of an LSTM whose gates are clipped at 0.1, in networks in OpenCV 5 and in ONNX Runtime.
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


random = np.random.default_rng(0)
x = random.normal(size=(5, 2, 3)).astype('f4')


def weights(gates):
    return {'w': random.normal(size=(1, 4 * gates, 3)).astype('f4'), 'r': random.normal(size=(1, 4 * gates, 4)).astype('f4'),
            'b': random.normal(size=(1, 8 * gates)).astype('f4')}


lstm = weights(4)
gru, clipped, plain = (answers(x, kind, ['w', 'r', 'b'], {'hidden_size': 4, **how}, **numbers) for kind, how, numbers in (
    ('GRU', {}, weights(3)), ('LSTM', {'clip': .1}, lstm), ('LSTM', {}, lstm)))
last = gru[1].shape == gru[0].shape[1:] and np.allclose(gru[1], gru[0][-1], atol=1e-4)
off = [float(np.abs(other - own).max()) for other, own in (clipped, plain)]
print(f'OpenCV {cv2.__version__}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: the first output of a GRU is its states, {gru[0].shape}; an LSTM says the same, clipped or not, as in ONNX Runtime\n'
      f'seen:  {gru[1].shape}{", the last state alone" if last else ""}; clipped it is off by {off[0]:.2f}, not clipped by {off[1]:.0e}')
held = gru[0].shape == (5, 1, 2, 4) and last and off[0] > .1 and off[1] < 1e-4
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
