# SPDX-License-Identifier: Apache-2.0
# Enters the environment that tools/setup.sh made: `. tools/env.sh` in bash.
_ttt3r_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ ! -f "$_ttt3r_root/.ws/build.key" ]; then
  printf '%s\n' "env.sh: nothing is set up yet; run 'make setup' in $_ttt3r_root" >&2
  return 1
fi
. "$_ttt3r_root/.venv/bin/activate"
# colcon's script cannot take a Python whose path has a space, so it gets the one that .venv was made from.
COLCON_PYTHON_EXECUTABLE="$(sed -n 's/^home = //p' "$_ttt3r_root/.venv/pyvenv.cfg")/python3" \
  . "$_ttt3r_root/.ws/install/setup.bash"
# Modules added since the last build are found too; the commands `ttt3r` and `ttt3r_node` are at hand.
export PYTHONPATH="$_ttt3r_root${PYTHONPATH:+:$PYTHONPATH}"
export PATH="$_ttt3r_root/.ws/install/lib/ttt3r_ros:$PATH"
# Without it Fast DDS loses most large best-effort messages; other middlewares ignore the variable.
export FASTRTPS_DEFAULT_PROFILES_FILE="${FASTRTPS_DEFAULT_PROFILES_FILE:-$_ttt3r_root/config/fastdds_shm.xml}"
unset _ttt3r_root
