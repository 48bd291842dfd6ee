#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Nanoseconds and UTM in a network, as int64 and float64, one more than they are.
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


stamps, norths = np.array([1764445331123456789]), np.array([5428996.514])
(ort_stamp, ov_stamp), (ort_north, ov_north) = (
    [result.tolist() for result in runs('Add', [numbers, np.ones_like(numbers)])] for numbers in (stamps, norths))
print(f'onnxruntime {version("onnxruntime")}, OpenVINO {version("openvino")}\n'
      f'guess: {stamps[0] + 1}, and {norths[0] + 1}, or a type that is refused\n'
      f'seen:  ONNX Runtime {ort_stamp} {ort_north}, OpenVINO {ov_stamp} {ov_north}')
held = (ort_stamp == [stamps[0] + 1] and ort_north == [norths[0] + 1] and abs(ov_stamp[0]) < 2**31 and ov_north == [5428997.5])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
