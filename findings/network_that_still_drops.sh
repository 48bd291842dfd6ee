#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A network of ONNX with a dropout, which does nothing once trained, and a maximum of 2 by 2 with "SAME_UPPER" over
# five columns, by Aidge and by ONNX Runtime.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check aidge-core==0.10.1 aidge-onnx==0.10.1 \
  aidge-backend-cpu==0.10.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import aidge_backend_cpu  # noqa: F401
import aidge_core
import aidge_onnx
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

aidge_core.Log.set_console_level(aidge_core.Level.Fatal)


def both(kind, data, **attributes):
    """Return what ONNX Runtime and Aidge say."""
    graph = helper.make_graph([helper.make_node(kind, ['x'], ['y'], **attributes)], 'network',
                              [helper.make_tensor_value_info('x', TensorProto.FLOAT, data.shape)],
                              [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=9)
    with open('network.onnx', 'wb') as file:
        file.write(model.SerializeToString())
    right, = onnxruntime.InferenceSession('network.onnx').run(None, {'x': data})
    network = aidge_onnx.load_onnx('network.onnx')
    network.set_backend('cpu')
    network.set_datatype(aidge_core.dtype.float32)
    aidge_core.SequentialScheduler(network).forward(True, [aidge_core.Tensor(data)])
    (node, number), = network.get_ordered_outputs()
    return right, np.array(node.get_operator().get_output(number))


ones = np.ones((1, 1000), np.float32)
right, told = both('Dropout', ones)
parts, dropped = sorted(set(map(float, told.ravel()))), int((told == 0).sum())
picture = np.arange(30, dtype=np.float32).reshape(1, 1, 6, 5)
pool = dict(kernel_shape=[2, 2], strides=[2, 2], auto_pad='SAME_UPPER')
size, seen = (run.shape for run in both('MaxPool', picture, **pool))
print(f'aidge-onnx {version("aidge-onnx")}, aidge-core {version("aidge-core")}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: a thousand ones stay {sorted(set(map(float, right.ravel())))}, and 6 by 5 is {size}\n'
      f'seen:  {dropped} are dropped, and the others doubled: {parts}; and it is {seen}')
held = (right == ones).all() and parts == [0, 2] and 400 < dropped < 600
sys.exit(0 if held and size == (1, 1, 3, 3) and seen == (1, 1, 3, 2) else 'The behaviour has changed.')
PYTHON
