#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bytes added and subtracted in a network, as in the preprocessing of a picture.
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


a, b = np.array([200, 1], np.uint8), np.array([100, 2], np.uint8)
seen = {op: [result.tolist() for result in runs(op, [a, b])] for op in ('Add', 'Sub')}
print(f'onnxruntime {version("onnxruntime")}, OpenVINO {version("openvino")}\n'
      f'guess: of {a.tolist()} and {b.tolist()} the sum is {(a + b).tolist()}, the difference {(a - b).tolist()}, as in NumPy and PyTorch\n'
      f'seen:  ONNX Runtime and OpenVINO: {seen}')
sys.exit(0 if seen == {'Add': [[44, 3], [255, 3]], 'Sub': [[100, 255], [100, 0]]} else 'The behaviour has changed.')
PYTHON
