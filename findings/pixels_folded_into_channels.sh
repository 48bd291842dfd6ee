#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Operators of ONNX by ncnn, converted by pnnx, and by ONNX Runtime: pixels folded into channels, and a row enlarged
# twice, by lines and by a cubic of -0.5.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ncnn==1.0.20261020 pnnx==20261020 \
  onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import subprocess

import ncnn
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def both(kind, data, constants=None, **attributes):
    """Return what ONNX Runtime and ncnn say."""
    data, constants = np.array(data, np.float32), constants or {}
    node = helper.make_node(kind, ['x', *(['', *constants] if constants else [])], ['y'], **attributes)
    graph = helper.make_graph([node], 'operator', [helper.make_tensor_value_info('x', TensorProto.FLOAT, data.shape)],
                              [helper.make_tensor_value_info('y', TensorProto.FLOAT, None)],
                              [numpy_helper.from_array(value, name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=9)
    with open('operator.onnx', 'wb') as file:
        file.write(model.SerializeToString())
    right, = onnxruntime.InferenceSession('operator.onnx').run(None, {'x': data})
    shape = f'inputshape=[{",".join(map(str, data.shape))}]f32'
    subprocess.run([f'{sys.prefix}/bin/pnnx', 'operator.onnx', shape, 'fp16=0'], check=True, capture_output=True)
    network = ncnn.Net()
    network.opt.use_fp16_packed = network.opt.use_fp16_storage = network.opt.use_fp16_arithmetic = False
    network.load_param('operator.ncnn.param')
    network.load_model('operator.ncnn.bin')
    with network.create_extractor() as run:
        run.input('in0', ncnn.Mat(data[0]).clone())
        seen = np.array(run.extract('out0')[1])[None]
    return [part.reshape(part.shape[1], -1).round(2).astype(float).tolist() for part in (right, seen)]


row, twice = np.arange(4.).reshape(1, 1, 1, 4), {'scales': np.array([1, 1, 1, 2], np.float32)}
folded = both('SpaceToDepth', np.arange(8).reshape(1, 2, 2, 2), blocksize=2)
plain = both('Resize', row, twice, mode='linear')
line = both('Resize', row, twice, mode='linear', coordinate_transformation_mode='asymmetric')
cubic = both('Resize', row, twice, mode='cubic', cubic_coeff_a=-.5)
(pixels, told), (right, seen) = ([sum(part, []) for part in way] for way in (folded, line))
off = float(np.abs(np.subtract(*cubic)).max())
print(f'ncnn {version("ncnn")}, pnnx {version("pnnx")}, onnxruntime {onnxruntime.__version__}\n'
      f'guess: two channels of four pixels folded into eight are {pixels},\n'
      f'       and 0, 1, 2, 3 enlarged, "asymmetric", {right}\n'
      f'seen:  {told}, as if the channel came first,\n'
      f'       {seen}, as without "asymmetric"; a cubic of -0.5 is off by {off:.3f}')
held = pixels == [0, 4, 1, 5, 2, 6, 3, 7] and told == [0, 1, 2, 3, 4, 5, 6, 7] and plain[0] == plain[1] == line[1]
sys.exit(0 if held and right == [0, .5, 1, 1.5, 2, 2.5, 3, 3] and off > .01 else 'The behaviour has changed.')
PYTHON
