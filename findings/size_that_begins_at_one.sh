#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The size of a picture without its batch, by `Shape` from its second number on, in a network as it is and with its constants folded by ONNX
# GraphSurgeon and by onnxsim.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check onnx-graphsurgeon==0.6.1 onnxsim==0.8.1 numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import numpy as np
import onnx
import onnx_graphsurgeon
import onnxruntime
import onnxsim
from onnx import TensorProto, helper

graph = helper.make_graph([helper.make_node('Shape', ['x'], ['y'], start=1, end=3)], 'g',
                          [helper.make_tensor_value_info('x', TensorProto.FLOAT, [1, 3, 480, 640])],
                          [helper.make_tensor_value_info('y', TensorProto.INT64, None)])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
network = onnx.shape_inference.infer_shapes(model)
made = onnx_graphsurgeon.import_onnx(network)
folded = onnx_graphsurgeon.export_onnx(made.fold_constants().cleanup())
x = np.zeros((1, 3, 480, 640), 'f4')


def answer(model):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider']).run(None, {'x': x})[0].tolist()


plain, own, other = answer(network), answer(folded), answer(onnxsim.simplify(network)[0])
print(f'onnx-graphsurgeon {version("onnx-graphsurgeon")}, onnxsim {version("onnxsim")}, onnxruntime {version("onnxruntime")}\n'
      f'guess: {plain}, numbers 1 and 2 of the shape, as before and as by onnxsim: {other}\n'
      f'seen:  {own}: start and end are passed over')
sys.exit(0 if plain == other == [3, 480] and own == [1, 3, 480, 640] else 'The behaviour has changed.')
PYTHON
