# SPDX-License-Identifier: Apache-2.0
# Sourced with the device in $device: sets $python to an interpreter whose PyTorch sees it: that of `make setup`, or
# CUDA_PYTHON, which has this source tree alone beside its own modules.
if [ -n "${CUDA_PYTHON:-}" ]; then
  python=$CUDA_PYTHON
  export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
else
  . tools/env.sh
  python=python
fi
"$python" - "$device" <<'PYTHON'
import sys

import torch

if sys.argv[1] == 'cuda' and not torch.cuda.is_available():
    sys.exit(f'PyTorch {torch.__version__} sees no GPU: set CUDA_PYTHON to a Python whose does, or DEVICE=cpu')
PYTHON
