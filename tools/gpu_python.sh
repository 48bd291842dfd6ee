# SPDX-License-Identifier: Apache-2.0
# Sourced with the device in $device: enters the environment, and sets $python to an interpreter whose PyTorch sees it.
. tools/env.sh
python=${CUDA_PYTHON:-python}
"$python" - "$device" <<'PYTHON'
import sys

import torch

if sys.argv[1] == 'cuda' and not torch.cuda.is_available():
    sys.exit(f'PyTorch {torch.__version__} sees no GPU: set CUDA_PYTHON to a Python whose does, or DEVICE=cpu')
PYTHON
