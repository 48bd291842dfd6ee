#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A NaN among the inputs of a network: two runtimes lose it, each in its own layers.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper

LAYERS = {'Relu': {}, 'Exp': {}, 'Sigmoid': {}, 'MaxPool': {'kernel_shape': [3, 3], 'pads': [1, 1, 1, 1]}}


def network(layer):
    sizes = [1, 1, 6, 37]
    graph = helper.make_graph([helper.make_node(layer, ['x'], ['y'], **LAYERS[layer])], layer,
                              [helper.make_tensor_value_info('x', TensorProto.FLOAT, sizes)],
                              [helper.make_tensor_value_info('y', TensorProto.FLOAT, sizes)])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid('', 18)], ir_version=9).SerializeToString()


def by_onnxruntime(layer, image):
    session = onnxruntime.InferenceSession(network(layer), providers=['CPUExecutionProvider'])
    return session.run(None, {'x': image})[0]


def by_openvino(layer, image):
    core = openvino.Core()
    return core.compile_model(core.read_model(network(layer), b''), 'CPU')(image)[0]


images = {}
for name, column in (('left', 0), ('middle', 20)):
    images[name] = np.full((1, 1, 6, 37), .5, np.float32)
    images[name][0, 0, 2, column] = np.nan
seen = {run.__name__[3:]: {f'{layer} {name}': int(np.isnan(run(layer, image)).sum())
                           for layer in LAYERS for name, image in images.items()}
        for run in (by_onnxruntime, by_openvino)}
exp = float(by_openvino('Exp', images['middle'])[0, 0, 2, 20])
versions = f'onnxruntime {onnxruntime.__version__}, OpenVINO {openvino.__version__.split("-")[0]}'
guess = 'as in PyTorch: one NaN stays one, and spoils the windows that hold it, 6 at the left edge and 9 in the middle'
held = (seen['onnxruntime'] == {'Relu left': 1, 'Relu middle': 1, 'Exp left': 1, 'Exp middle': 1, 'Sigmoid left': 1,
                                'Sigmoid middle': 1, 'MaxPool left': 0, 'MaxPool middle': 1}
        and seen['openvino'] == {'Relu left': 0, 'Relu middle': 0, 'Exp left': 0, 'Exp middle': 0, 'Sigmoid left': 1,
                                 'Sigmoid middle': 1, 'MaxPool left': 0, 'MaxPool middle': 0} and np.isinf(exp))
seen = f'NaN in the output: {seen}; OpenVINO\'s exp of it is {exp}'
print(f'{versions}\nguess: {guess}\nseen:  {seen}')
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
