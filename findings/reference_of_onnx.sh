#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Three operators as the reference evaluator of ONNX itself has them, as ONNX Runtime has them, and by ONNX's own inference of shapes
# or by hand.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

generator = np.random.default_rng(0)


def both(operator, *arrays, opset=18, rank=4, **attributes):
    names = [f'input{index}' if array is not None else '' for index, array in enumerate(arrays)]
    given = {name: array for name, array in zip(names, arrays) if name}
    graph = helper.make_graph(
        [helper.make_node(operator, names, ['output'], **attributes)], 'graph',
        [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape) for name, array in given.items()],
        [helper.make_tensor_value_info('output', TensorProto.FLOAT, [None] * rank)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)], ir_version=9)
    onnx.checker.check_model(model)
    inferred = onnx.shape_inference.infer_shapes(model).graph.output[0].type.tensor_type.shape
    return (ReferenceEvaluator(model).run(None, given)[0], onnxruntime.InferenceSession(model.SerializeToString()).run(None, given)[0],
            tuple(size.dim_value for size in inferred.dim))


image = generator.normal(size=(1, 1, 5, 7)).astype('f4')
pool = {name: both('MaxPool', image, kernel_shape=[3, 3], strides=[2, 2], auto_pad=name) for name in ('SAME_UPPER', 'SAME_LOWER')}
row = np.array([[3, -1, 4]], 'f4')
norm = [result.round(3).tolist() for result in both('LpNormalization', row, rank=2, axis=1, p=1)[:2]]
sequence, weights, recurrent = (generator.normal(size=size).astype('f4') for size in ((3, 2, 4), (1, 12, 4), (1, 12, 3)))
lengths = np.array([3, 1], 'i4')
state = both('LSTM', sequence, weights, recurrent, None, lengths, opset=14, hidden_size=3)[:2]
after = [np.abs(result[1:, 0, 1]).max().round(3).item() for result in state]
shapes = {name: [result.shape[2:] for result in results[:2]] + [results[2][2:]] for name, results in pool.items()}
print(f'onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: the reference evaluator, ONNX Runtime and the inference of shapes agree\n'
      f'seen:  MaxPool {shapes}; LpNormalization of {row.tolist()} with p = 1 {norm}, by hand {(row / np.abs(row).sum()).tolist()}; '
      f'what an LSTM says after the end of a sequence is up to {after}, by its description 0')
held = (shapes['SAME_UPPER'] == [(3, 4)] * 3 and shapes['SAME_LOWER'] == [(2, 3), (3, 4), (3, 4)] and after[0] > .1 and after[1] == 0
        and np.allclose(norm[1], row / 8, atol=1e-3) and np.allclose(norm[0], row / 6, atol=1e-3)
        and np.allclose(state[0][:, 0, 0], state[1][:, 0, 0], atol=1e-5))
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
