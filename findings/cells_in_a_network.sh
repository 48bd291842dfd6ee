#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From places to cells of a map within a network: to whole numbers, and a division of whole numbers.
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


places = np.array([[1.7, 2.5, -1.7]], np.float32)
cells = [array.tolist() for array in runs('Cast', places, [1, 3], onnx.TensorProto.INT64, to=onnx.TensorProto.INT64)]
numbers = np.array([[7, 8, 9]], np.int64)
blocks = [array.round(2).tolist() for array in runs(
    'Div', numbers, [1, 3], onnx.TensorProto.INT64, constants=[np.array([[4, 4, 4]], np.int64)])]
print(f'onnxruntime {version("onnxruntime")}, OpenCV {version("opencv-python-headless")}\n'
      'guess: 1.7, 2.5 and -1.7 are the cells 1, 2 and -1, and 7, 8 and 9 by 4 are 1, 2 and 2, or it is refused\n'
      f'seen:  ONNX Runtime {cells[0]} and {blocks[0]}, OpenCV {np.round(cells[1], 2).tolist()} and {blocks[1]}')
held = (cells[0] == [[1, 2, -1]] and np.allclose(cells[1], places) and blocks == [[[1, 2, 2]], [[1.75, 2, 2.25]]])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
