#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A mean over windows that reach over the picture's edge, as PyTorch has it by default, and a maximum over every second pixel.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  opencv-python-headless==4.14.0.94 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import helper


def runs(op, given, shape, kind=onnx.TensorProto.FLOAT, opset=13, constants=(), **attributes):
    """Return what a model of one operator gives for an array, by ONNX Runtime on the CPU and by OpenCV."""
    kept = [onnx.numpy_helper.from_array(array, f'c{i}') for i, array in enumerate(constants)]
    node = helper.make_node(op, ['in'] + [tensor.name for tensor in kept], ['out'], **attributes)
    source = helper.make_tensor_value_info('in', helper.np_dtype_to_tensor_dtype(given.dtype), given.shape)
    graph = helper.make_graph([node], 'one', [source], [helper.make_tensor_value_info('out', kind, shape)], kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    text = model.SerializeToString()
    session = onnxruntime.InferenceSession(text, providers=['CPUExecutionProvider'])
    net = cv2.dnn.readNetFromONNX(np.frombuffer(text, np.uint8))
    net.setInput(given)
    return session.run(None, {'in': given})[0], net.forward()


ones = np.ones((1, 1, 4, 4), np.float32)
window = {'kernel_shape': [3, 3], 'pads': [1, 1, 1, 1]}
counted = [mean[0, 0, 0].astype(float).round(2).tolist() for mean in runs('AveragePool', ones, [1, 1, 4, 4], count_include_pad=1, **window)]
left_out = [mean[0, 0, 0].astype(float).round(2).tolist() for mean in runs('AveragePool', ones, [1, 1, 4, 4], **window)]
steps = np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6)
apart = [most.ravel().tolist() for most in runs('MaxPool', steps, [1, 1, 1, 4], kernel_shape=[1, 2], dilations=[1, 2])]
print(f'onnxruntime {version("onnxruntime")}, OpenCV {version("opencv-python-headless")}\n'
      'guess: the same, or an operator that is refused\n'
      f'seen:  first row of the mean of ones, zeros around them counted: ONNX Runtime {counted[0]}, OpenCV {counted[1]}, '
      f'not counted {left_out}; maximum of {steps.ravel().tolist()} and what is two further: {apart[0]} and {apart[1]}')
held = (counted == [[.44, .67, .67, .44], [1] * 4] and left_out == [[1] * 4] * 2
        and apart == [[2, 3, 4, 5], [1, 2, 3, 4, 5]])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
