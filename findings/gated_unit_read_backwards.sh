#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Recurrent units of ONNX over four steps, read forwards, backwards, with a clip or with other activations, by tract and
# by ONNX Runtime.
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
from onnx import TensorProto, helper, numpy_helper

data = np.random.default_rng(0).normal(size=(4, 1, 3)).astype(np.float32)
KINDS = {'GRU': ['HardSigmoid', 'Relu'], 'RNN': ['Relu'], 'LSTM': ['HardSigmoid', 'Relu', 'Tanh']}


def last_states(kind, **attributes):
    """Return the last state by ONNX Runtime and by tract."""
    gates = {'RNN': 1, 'GRU': 3, 'LSTM': 4}[kind]
    numbers = np.random.default_rng(gates)
    weights = {'w': numbers.normal(size=(1, gates * 2, 3)), 'r': numbers.normal(size=(1, gates * 2, 2))}
    node = helper.make_node(kind, ['x', *weights], ['', 'y'], hidden_size=2, **attributes)
    graph = helper.make_graph([node], 'unit', [helper.make_tensor_value_info('x', TensorProto.FLOAT, data.shape)],
                              [helper.make_tensor_value_info('y', TensorProto.FLOAT, (1, 1, 2))],
                              [numpy_helper.from_array(value.astype('f4'), name) for name, value in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 14)], ir_version=9)
    with open('unit.onnx', 'wb') as file:
        file.write(model.SerializeToString())
    right, = onnxruntime.InferenceSession('unit.onnx').run(None, {'x': data})
    unit = tract.onnx().load('unit.onnx').into_model().into_runnable()
    return [[round(float(number), 3) for number in part.ravel()] for part in (right, unit.run([data])[0].to_numpy())]


ways = {'backwards': dict(direction='reverse'), 'clip': dict(clip=.2)}
forwards = {kind: last_states(kind) for kind in KINDS}
same, passed = all(np.allclose(*states, atol=.002) for states in forwards.values()), []
for kind, others in KINDS.items():
    for name, attributes in {**ways, 'other': dict(activations=others)}.items():
        right, told = last_states(kind, **attributes)
        if not np.allclose(right, told, atol=.002) and np.allclose(forwards[kind], told, atol=.002):
            passed.append(f'{kind} {name}')
right, told = last_states('GRU', direction='reverse')
print(f'tract {version("tract")}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: the last state of a GRU read backwards is {right}, as by ONNX Runtime\n'
      f'seen:  {told}, as of one read forwards; so are passed over\n'
      f'       {", ".join(passed)}')
expected = [f'{kind} {name}' for kind in KINDS for name in ('backwards', 'clip', 'other')]
sys.exit(0 if same and passed == expected else 'The behaviour has changed.')
PYTHON
