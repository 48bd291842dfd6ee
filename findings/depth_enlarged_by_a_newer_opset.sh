#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A row of a depth map, enlarged twice by a network of opset 9 or 10, and by the same converted to a newer one by onnx.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, version_converter


def model(opset, shape, kind, names, constants=(), **how):
    told = [helper.make_tensor_value_info('x', TensorProto.FLOAT, shape)], [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)]
    graph = helper.make_graph([helper.make_node(kind, names, ['y'], **how)], 'g', *told,
                              [numpy_helper.from_array(np.asarray(value), name) for name, value in constants])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=8)


def answer(network, x):
    return onnxruntime.InferenceSession(network.SerializeToString(), providers=['CPUExecutionProvider']).run(None, {'x': x})[0]


x = np.array([[[[1, 2, 3, 4]]]], 'f4')
sizes = [('sizes', np.array([1, 1, 1, 2], 'f4'))]
networks = [(model(9, x.shape, 'Upsample', ['x', 'sizes'], sizes, mode='linear'), (10, 11)),
            (model(10, x.shape, 'Resize', ['x', 'sizes'], sizes, mode='linear'), (11, 18))]
plain = [answer(network, x).ravel().tolist() for network, _ in networks]
newer = [[answer(version_converter.convert_version(network, opset), x).ravel().tolist() for opset in opsets] for network, opsets in networks]
print(f'onnx {version("onnx")}, onnxruntime {version("onnxruntime")}\n'
      f'guess: {plain[0]}, as before, in whichever opset\n'
      f'seen:  of Upsample 9 {newer[0][0]} in opset 10, {newer[0][1]} in 11; of Resize 10 {newer[1][0]} in 11')
shifted = [1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4]
held = plain == [[1, 1.5, 2, 2.5, 3, 3.5, 4, 4]] * 2 and newer == [[plain[0], shifted], [shifted, shifted]]
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
