#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A convolution with three channels, whose picture of three by three is multiplied by one number for each column, by a network as it is and
# as onnxslim and onnxsim make it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 onnxslim==0.1.98 onnxsim==0.8.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import onnx
import onnxruntime
import onnxsim
import onnxslim
from onnx import TensorProto, helper, numpy_helper


def model(nodes, shape, **constants):
    told = [helper.make_tensor_value_info('x', TensorProto.FLOAT, shape)], [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)]
    graph = helper.make_graph([helper.make_node(kind, *names, **how) for kind, names, how in nodes], 'g', *told,
                              [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8))


def answer(network, x):
    return onnxruntime.InferenceSession(network.SerializeToString(), providers=['CPUExecutionProvider']).run(None, {'x': x})[0]


network = model([('Conv', (['x', 'kernel'], ['picture']), {}), ('Mul', (['picture', 'columns'], ['y']), {})], [1, 1, 3, 3],
                kernel=np.ones((3, 1, 1, 1), 'f4'), columns=np.array([1, 10, 100], 'f4'))
x = np.ones((1, 1, 3, 3), 'f4')
plain, other = answer(network, x), answer(onnxsim.simplify(network)[0], x)
own = answer(onnxslim.slim(onnx.ModelProto.FromString(network.SerializeToString())), x)
print(f'onnxslim {version("onnxslim")}, onnxsim {version("onnxsim")}, onnxruntime {version("onnxruntime")}\n'
      f'guess: each row of each channel is {plain[0, 0, 0].tolist()}, as before and as by onnxsim\n'
      f'seen:  {[channel[0].tolist() for channel in own[0]]}: the channels are multiplied')
held = ((plain == other).all() and (plain == [1, 10, 100]).all() and (own == np.array([1, 10, 100])[:, None, None]).all())
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
