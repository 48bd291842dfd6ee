#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trains larger embedded weights on one GPU, rendering on all cores beside it: `tools/gpu_training.sh [OUT] [MINUTES]`.
# Stopped and started again it goes on; with more MINUTES it goes on longer. The environment of `make setup` is enough
# where its PyTorch sees the GPU; CUDA_PYTHON names another interpreter. DEVICE=cpu rehearses it, slowly.
set -eo pipefail  # the environment reads variables that are not set
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-out/gpu_training} minutes=${2:-25} device=${DEVICE:-cuda}
. tools/gpu_python.sh
mkdir -p "$out/photographs"
if ! ls "$out"/photographs/*.png > /dev/null 2>&1; then
  "$python" -m training.photographs "$out/photographs" > "$out/photographs.log" 2>&1 ||
    printf '%s\n' "no photographs ($out/photographs.log): rooms are painted without them" >&2
fi
exec "$python" -m training --out "$out" --minutes "$minutes" --device "$device" --bfloat16 \
  --size "${SIZE:-128x96}" --width "${WIDTH:-256}" --sequences "${SEQUENCES:-256}" --learning-rate "${RATE:-8e-4}" \
  --worlds "${WORLDS:-4000}" --robots "${ROBOTS:-1500}" --wide-worlds "${WIDE_WORLDS:-6000}"
