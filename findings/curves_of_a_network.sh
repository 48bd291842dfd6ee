#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Operators of ONNX by tract and by ONNX Runtime: CELU with alpha = 2, the global pooling of Lp with p = 1, and two of
# numbers beyond 88.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check tract==0.23.9 onnx==1.23.2 \
  onnxruntime==1.32.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import onnxruntime
import tract
from onnx import TensorProto, helper


def both(name, data, **attributes):
    """Return what ONNX Runtime and tract say, to two decimals."""
    data = np.array(data, np.float32)
    graph = helper.make_graph([helper.make_node(name, ['x'], ['y'], **attributes)], 'operator',
                              [helper.make_tensor_value_info('x', TensorProto.FLOAT, data.shape)],
                              [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=9)
    with open('operator.onnx', 'wb') as file:
        file.write(model.SerializeToString())
    right, = onnxruntime.InferenceSession('operator.onnx').run(None, {'x': data})
    operator = tract.onnx().load('operator.onnx').into_model().into_runnable()
    seen = operator.run([data])[0].to_numpy()
    return [[round(float(number), 2) for number in part.ravel()] for part in (right, seen)]


told = {'Celu': both('Celu', [-1, -2, 3], alpha=2.), 'GlobalLpPool': both('GlobalLpPool', [[[[1, -2], [3, -4]]]], p=1),
        'Softplus': both('Softplus', [50, 88, 100]),
        'ReduceLogSumExp': both('ReduceLogSumExp', [[50, 50], [100, 101]], axes=[1])}
right, seen = ({name: ways[which] for name, ways in told.items()} for which in (0, 1))
print(f'tract {version("tract")}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: {right}\n'
      f'seen:  {seen}:\n'
      '       alpha is left out once, the mean is taken for the sum of sizes, and an exponential is beyond all floats')
held = right == {'Celu': [-.79, -1.26, 3], 'GlobalLpPool': [10], 'Softplus': [50, 88, 100],
                 'ReduceLogSumExp': [50.69, 101.31]}
held = held and seen['Celu'][2] == 3 and abs(seen['Celu'][1]) < 1 and seen['GlobalLpPool'] != [10]
sys.exit(0 if held and seen['Softplus'][2] == seen['ReduceLogSumExp'][1] == np.inf else 'The behaviour has changed.')
PYTHON
