#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Measures the published size at 512×384 on one GPU, in some twenty minutes: `tools/gpu_bench.sh [OUT]`. The published way and
# ours, in float32 and bfloat16 (table, picture, rounds), then 10,000 frames of ours in each: frames a second, and memory.
# The environment of `make setup` is enough where its PyTorch sees the GPU; elsewhere CUDA_PYTHON names an interpreter that
# has PyTorch, and nothing need be set up: `CUDA_PYTHON=python3 tools/gpu_bench.sh`. DEVICE=cpu SIZE=small FRAMES=100 rehearses it.
set -eo pipefail  # the environment reads variables that are not set
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-out/gpu_bench} device=${DEVICE:-cuda} size=${SIZE:-published}
. tools/gpu_python.sh
mkdir -p "$out"
"$python" scripts/ttt3r bench --size "$size" --device "$device" --frames "${ROUNDS:-20}" --rules ttt3r cut3r \
  --precisions float32 bfloat16 --deviation-frames "${DEVIATION_FRAMES:-50}" --out "$out/table"
for precision in float32 bfloat16; do
  "$python" -m ttt3r_ros.benchmark.endurance --size "$size" --precision "$precision" --device "$device" \
    --frames "${FRAMES:-10000}" --out "$out/endurance_$precision.jsonl"
done
