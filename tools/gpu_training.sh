#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Trains embedded weights on one GPU, rendering on all cores beside it: `tools/gpu_training.sh [OUT] [MINUTES]`.
# Stopped and started again it goes on; with more MINUTES it goes on longer. WEIGHTS names those to begin with. The
# environment of `make setup` is enough where its PyTorch sees the GPU; elsewhere CUDA_PYTHON names an interpreter that
# has PyTorch, and nothing need be set up.
# DEVICE=cpu rehearses it, slowly.
set -eo pipefail  # the environment reads variables that are not set
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-out/gpu_training} minutes=${2:-25} device=${DEVICE:-cuda}
. tools/gpu_python.sh
mkdir -p "$out/photographs"
if ! ls "$out"/photographs/*.png > /dev/null 2>&1; then
  "$python" -m training.photographs "$out/photographs" > "$out/photographs.log" 2>&1 ||
    printf '%s\n' "no photographs ($out/photographs.log): rooms are painted without them" >&2
fi
exec "$python" -m training --out "$out" --minutes "$minutes" --device "$device" --size "${SIZE:-128x96}" \
  --patch "${PATCH:-32}" --width "${WIDTH:-128}" --sequences "${SEQUENCES:-256}" --learning-rate "${RATE:-1e-3}" \
  --worlds "${WORLDS:-350}" --robots "${ROBOTS:-350}" --wide-worlds "${WIDE_WORLDS:-1900}" \
  ${WEIGHTS+--weights "$WEIGHTS"}
