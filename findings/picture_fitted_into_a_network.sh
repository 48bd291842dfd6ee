#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A picture of 5 by 6, fitted into 10 by 7 with its shape kept, by `Resize` with `keep_aspect_ratio_policy`, in OpenVINO and in ONNX Runtime.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check openvino==2026.4.1 numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper


def answers(opset, x, kind, names, how, **constants):
    node = helper.make_node(kind, ['x', *names], ['y'], **how)
    graph = helper.make_graph([node], 'g', [helper.make_tensor_value_info('x', TensorProto.FLOAT, x.shape)],
                              [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)],
                              [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    told = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8).SerializeToString()
    core = openvino.Core()
    network = core.compile_model(core.read_model(told), 'CPU', {'INFERENCE_PRECISION_HINT': 'f32'})
    return onnxruntime.InferenceSession(told, providers=['CPUExecutionProvider']).run(None, {'x': x})[0], network({'x': x})[0]


picture = np.zeros((1, 1, 5, 6), 'f4')
seen = {policy: [said.shape[2:] for said in answers(18, picture, 'Resize', ['', '', 'size'], {
    'mode': 'linear', 'keep_aspect_ratio_policy': policy, 'axes': [2, 3]}, size=np.array([10, 7]))]
        for policy in ('not_larger', 'not_smaller', 'stretch')}
print(f'OpenVINO {version("openvino")}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: {[other for other, _ in seen.values()]} by not_larger, not_smaller and stretch, as in ONNX Runtime\n'
      f'seen:  {[own for _, own in seen.values()]}')
held = seen == {'not_larger': [(6, 7), (10, 7)], 'not_smaller': [(10, 12), (10, 7)], 'stretch': [(10, 7), (10, 7)]}
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
