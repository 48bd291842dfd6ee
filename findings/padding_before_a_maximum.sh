#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A border of zeros and then the greatest of two by two, of numbers below zero, by a network as it is and as onnxoptimizer and onnxsim make it.
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


network = model([('Pad', (['x', 'by'], ['wider']), {}), ('MaxPool', (['wider'], ['y']), {'kernel_shape': [2, 2]})], [1, 1, 2, 2],
                by=np.array([0, 0, 1, 1, 0, 0, 1, 1]))
x = np.array([[[[-1, -2], [-3, -4]]]], 'f4')
plain, other = answer(network, x), answer(onnxsim.simplify(network)[0], x)
made = onnxoptimizer.optimize(network, onnxoptimizer.get_fuse_and_elimination_passes())
own = answer(made, x)
print(f'onnxoptimizer {version("onnxoptimizer")}, onnxsim {version("onnxsim")}, onnxruntime {version("onnxruntime")}\n'
      f'guess: {plain[0, 0].tolist()}, as before and as by onnxsim\n'
      f'seen:  {own[0, 0].tolist()}: {[node.op_type for node in made.graph.node]}, whose own border counts for nothing')
held = ((plain == other).all() and plain[0, 0].tolist() == [[0, 0, 0], [0, -1, 0], [0, 0, 0]]
        and own[0, 0].tolist() == [[-1, -1, -2], [-1, -1, -2], [-3, -3, -4]])
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
