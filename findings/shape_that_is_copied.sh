#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Two reshapes, of which the second one copies a size of the first one, by a network as it is and as onnxoptimizer and onnxsim make it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 onnxoptimizer==0.4.2 onnxsim==0.8.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import onnx
import onnxoptimizer
import onnxruntime
import onnxsim
from onnx import TensorProto, helper, numpy_helper


def model(nodes, shape, **constants):
    told = [helper.make_tensor_value_info('x', TensorProto.FLOAT, shape)], [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)]
    graph = helper.make_graph([helper.make_node(kind, *names, **how) for kind, names, how in nodes], 'g', *told,
                              [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8))


def answer(network, x):
    return onnxruntime.InferenceSession(network.SerializeToString(), providers=['CPUExecutionProvider']).run(None, {'x': x})[0]


network = model([('Reshape', (['x', 'rows'], ['table']), {}), ('Reshape', (['table', 'again'], ['y']), {})], [2, 5, 5],
                rows=np.array([10, 5]), again=np.array([0, -1, 1]))
x = np.zeros((2, 5, 5), 'f4')
plain, other = answer(network, x).shape, answer(onnxsim.simplify(network)[0], x).shape
own = answer(onnxoptimizer.optimize(network, onnxoptimizer.get_fuse_and_elimination_passes()), x).shape
print(f'onnxoptimizer {version("onnxoptimizer")}, onnxsim {version("onnxsim")}, onnxruntime {version("onnxruntime")}\n'
      f'guess: 2 by 5 by 5 as 10 by 5, and that as 0, the size that is there, by the rest by 1: {plain}, as before and as by onnxsim\n'
      f'seen:  {own}: the first one is gone, and the size that is there is another')
sys.exit(0 if plain == other == (10, 5, 1) and own == (2, 25, 1) else 'The behaviour has changed.')
PYTHON
