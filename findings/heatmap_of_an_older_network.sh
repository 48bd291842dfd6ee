#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The heatmap of a key point by a softmax of an older opset, in which it is over all that follows the axis; and a slice backwards.
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


scores = np.array([[[[1, 2], [3, 4]]]], np.float32)  # a picture of 2 x 2, one channel
older = [array[0, 0].astype(float).round(2).tolist() for array in runs('Softmax', scores, [1, 1, 2, 2], opset=11, axis=1)]
newer = [array[0, 0].astype(float).round(2).tolist() for array in runs('Softmax', scores, [1, 1, 2, 2], opset=13, axis=1)]
row = np.arange(7, dtype=np.float32).reshape(1, 7)
backwards = [array.ravel().tolist() for array in runs(
    'Slice', row, [1, 3], constants=[np.array([value]) for value in (5, -100, 1, -2)])]  # from 5 on, along axis 1, by -2
print(f'onnxruntime {version("onnxruntime")}, OpenCV {version("opencv-python-headless")}\n'
      'guess: the same: a heatmap whose sum is 1, and 5, 3, 1\n'
      f'seen:  ONNX Runtime {older[0]} and {backwards[0]}, OpenCV {older[1]} and {backwards[1]}; of opset 13, where it is '
      f'along the axis alone, both {newer[0]}')
held = (older == [[[.03, .09], [.24, .64]], [[1, 1], [1, 1]]] and newer[0] == newer[1] == [[1, 1], [1, 1]]
        and backwards == [[5, 3, 1], [4, 2, 0]])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
