#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Likelihoods over all that follows an axis, as up to opset 12, or along it, as from 13 on, in networks that onnx converts from the one
# to the other.
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


x = np.log(np.array([[[1, 2], [3, 4]]], 'f4'))
seen = {}
for kind, opset, other in (('Softmax', 12, 13), ('Softmax', 13, 12), ('Hardmax', 12, 13)):
    network = model(opset, x.shape, kind, ['x'], axis=1)
    seen[kind, opset] = [answer(made, x).ravel().astype(float).round(2).tolist()
                         for made in (network, version_converter.convert_version(network, other))]
print(f'onnx {version("onnx")}, onnxruntime {version("onnxruntime")}\n'
      'guess: what a network says is the same before and after\n'
      + '\n'.join(f'seen:  {kind} of opset {opset}: {said[0]} before, {said[1]} after' for (kind, opset), said in seen.items()))
held = (seen['Softmax', 12] == [[.1, .2, .3, .4]] * 2 and seen['Softmax', 13] == [[.25, .33, .75, .67], [.1, .2, .3, .4]]
        and seen['Hardmax', 12] == [[0, 0, 0, 1], [0, 0, 1, 1]])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
