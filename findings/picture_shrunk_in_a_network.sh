#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A network that shrinks its picture itself, to a seventh and smoothed: one runtime takes single pixels.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import helper


def runs(op, inputs, constants=(), opset=19, **attributes):
    """Return what a model of one operator gives, by ONNX Runtime and by OpenVINO, both on the CPU."""
    names = [f'i{i}' for i in range(len(inputs))]
    given = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
             for name, array in zip(names, inputs)]
    kept = [onnx.numpy_helper.from_array(array, f'c{i}') if array is not None else None for i, array in enumerate(constants)]
    node = helper.make_node(op, names + [tensor.name if tensor else '' for tensor in kept], ['out'], **attributes)
    out = helper.make_tensor_value_info('out', given[0].type.tensor_type.elem_type, None)
    graph = helper.make_graph([node], 'one', given, [out], [tensor for tensor in kept if tensor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider'])
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model), 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})
    return session.run(None, dict(zip(names, inputs)))[0], np.array(compiled(list(inputs))[0])


pixels = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.float32)[None, None]  # a chequered board
shrunk = {}
for antialias in 0, 1:
    ort, ov = runs('Resize', [pixels], [None, np.array([1, 1, 1 / 7, 1 / 7], np.float32)], mode='linear', antialias=antialias)
    shrunk[antialias] = [(round(float(picture.min())), round(float(picture.max()))) for picture in (ort, ov)]
print(f'onnxruntime {version("onnxruntime")}, OpenVINO {version("openvino")}\n'
      'guess: with antialias=1 a fine board of 0 and 255 is a grey of 127 or 128, in each\n'
      f'seen:  darkest and brightest, ONNX Runtime and OpenVINO: antialias=0 {shrunk[0]}, antialias=1 {shrunk[1]}')
(low, high), plain = shrunk[1]
held = 120 < low <= high < 135 and plain == shrunk[0][1] == shrunk[0][0] and plain[1] - plain[0] > 200
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
