#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Brings .venv (Python packages) and .ws (the built ROS packages) up to date; quick when nothing changed.
#
# With a ROS sourced whose Python packages are all there, that one is used: .venv sees the system's
# packages and gets only what no apt ROS brings. Otherwise ROS 2 Jazzy comes from wheels into .venv.
#
#   PYTHON=python3.12     another interpreter for the wheels (3.10 to 3.13)
#   PIP_TORCH_ARGS=...    more arguments for `pip install torch`, such as the index of the CPU builds
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
root=$PWD
venv=$root/.venv
ws=$root/.ws
log=$ws/setup.log

fail() {  # fail WHAT REMEDY
  printf '\nsetup: %s\n  remedy: %s\n' "$1" "$2" >&2
  exit 1
}

run() {  # run TEXT REMEDY COMMAND...: the command's output goes to the log, its progress to the terminal
  local text=$1 remedy=$2 start=$SECONDS line
  shift 2
  printf '%s\n' "setup: $text ..."
  { printf '\n== %s\n' "$text"; "$@"; } >>"$log" 2>&1 &
  local job=$!
  while kill -0 "$job" 2>/dev/null; do
    sleep 0.5
    if [ -t 1 ]; then
      line=$(tail -n 1 "$log" | tr -cd '[:print:]' | cut -c 1-66)
      printf '\r\033[K  %3d s  %s' $((SECONDS - start)) "$line"
    fi
  done
  [ -t 1 ] && printf '\r\033[K'
  if ! wait "$job"; then
    tail -n 25 "$log" >&2
    fail "failed: $text (whole log: $log)" "$remedy"
  fi
  printf '%s\n' "  done in $((SECONDS - start)) s"
}

python_fits() {
  "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

missing_ros_modules() {
  python3 - <<'EOF'
import sys
for module in ('rclpy', 'cv_bridge', 'sensor_msgs_py.point_cloud2', 'tf2_ros', 'tf_transformations'):
    try:
        __import__(module)
    except ImportError:
        sys.stdout.write(module.split('.')[0] + ' ')
EOF
}

choose_ros() {  # sets ros (sourced or wheels) and python
  local candidate missing
  ros=wheels
  if [ -n "${ROS_DISTRO:-}" ]; then
    missing=$(missing_ros_modules)
    if [ -z "$missing" ]; then
      ros=sourced
      python=python3
    else
      printf '%s\n' "setup: ROS $ROS_DISTRO is sourced but lacks: $missing" \
        "  Using ROS 2 wheels instead. To use yours, install ros-$ROS_DISTRO-{cv-bridge,sensor-msgs-py," \
        "  tf2-ros-py,tf-transformations} with apt, and run this again."
    fi
  fi
  if [ "$ros" = wheels ]; then
    for candidate in ${PYTHON:-python3 python3.12 python3.11 python3.13 python3.10}; do
      python_fits "$candidate" && python=$candidate && break
    done
    [ -n "${python:-}" ] || fail "no Python from 3.10 to 3.13 found" \
      "apt install python3 python3-venv python3-dev (Ubuntu 22.04, Debian 12 or later), or give PYTHON="
    [ "$(uname -sm)" = "Linux x86_64" ] ||
      fail "ROS 2 wheels exist for Linux x86_64 only, this is $(uname -sm)" \
      "install ROS 2 Jazzy (docs.ros.org), source it, and run this again"
  fi
  # The real interpreter, also where the shell stands inside .venv or python3 is a shim.
  python=$("$python" -c 'import os, sys; sys.stdout.write(os.path.realpath(sys._base_executable))')
}

check_tools() {
  command -v "${CXX:-c++}" >/dev/null || fail "no C++ compiler" "apt install build-essential"
  "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$python cannot make virtual environments" \
    "apt install python3-venv"
  "$python" -c 'import os, sysconfig as s; os.stat(s.get_path("include") + "/Python.h")' 2>/dev/null ||
    fail "$python has no headers (Python.h)" "apt install python3-dev"
  [ "$ros" = wheels ] || command -v colcon >/dev/null ||
    fail "no colcon" "apt install python3-colcon-common-extensions"
}

cmake_fits() {
  local version
  version=$(cmake --version 2>/dev/null | sed -n 's/^cmake version //p')
  [ -n "$version" ] && [ "$(printf '3.21\n%s\n' "$version" | sort -V | head -n 1)" = 3.21 ]
}

make_venv() {
  "$python" -m venv $([ "$ros" = sourced ] && printf %s --system-site-packages) "$venv" || return
  [ "$ros" = wheels ] || return 0
  # colcon takes a prefix for one only with a local_setup, and its setup.bash chains this one.
  cat >"$venv/local_setup.sh" <<EOF
# A sourced ROS and the wheels' ROS do not mix in one process.
if [ -n "\${ROS_DISTRO:-}" ]; then
  unset ROS_DISTRO ROS_VERSION ROS_PYTHON_VERSION PYTHONPATH LD_LIBRARY_PATH _ROS_WHEELS_BOOTSTRAP_COMPLETE
  unset AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH
fi
case ":\${AMENT_PREFIX_PATH:-}:" in
  *:"$venv":*) ;;
  *) export AMENT_PREFIX_PATH="$venv\${AMENT_PREFIX_PATH:+:\$AMENT_PREFIX_PATH}" ;;
esac
EOF
  cp "$venv/local_setup.sh" "$venv/local_setup.bash"
}

repair_wheels() {
  # The wheels' CMake exports name include folders of the machine that built them.
  local prefix=${venv//[\\&#]/\\&}
  sed -i "s#/opt/python/cp3[0-9]*-cp3[0-9]*#$prefix#g" "$venv"/share/*/cmake/*Export.cmake
  mkdir -p "$venv/include/$("$venv/bin/python" -c 'import sys; sys.stdout.write("python%d.%d" % sys.version_info[:2])')"
}

install_python_packages() {
  local network="see the log; pip needs the network (a proxy?) and 3 GB of disk; then run this again"
  local wanted=(-r requirements/test.txt) torch
  torch=$(grep '^torch==' requirements/runtime.txt)
  if ! "$venv/bin/python" -c 'import torch' 2>/dev/null; then
    if [ -z "${PIP_TORCH_ARGS:-}" ] && ! command -v nvidia-smi >/dev/null; then
      printf '%s\n' "setup: no NVIDIA GPU seen. If pip now fetches gigabytes of CUDA packages: stop it, and" \
        "  give PIP_TORCH_ARGS='--index-url <the CPU index that PyTorch's site names>'"
    fi
    run "installing PyTorch (200 MB, with CUDA 3 GB)" "$network" pip install $PIP_TORCH_ARGS "$torch"
  fi
  if [ "$ros" = wheels ]; then
    wanted+=(-r requirements/runtime.txt -r requirements/ros_wheels.txt)
  else
    # cv_bridge is compiled against the system's NumPy; PyTorch was seen to above.
    "$venv/bin/python" -c 'import sys, numpy; sys.stdout.write(f"numpy=={numpy.__version__}\n")' >"$ws/constraints.txt"
    grep -v '^torch==' requirements/runtime.txt >"$ws/runtime.txt"
    wanted+=(-c "$ws/constraints.txt" -r "$ws/runtime.txt")
  fi
  cmake_fits || wanted+=("cmake>=3.21,<4")
  run "installing the other Python packages (${ros} ROS)" "$network" pip install "${wanted[@]}"
  [ "$ros" = sourced ] || repair_wheels
}

build() {
  # Through a link, as CMake refuses to export the include folders of a .venv that lies in the source folder.
  mkdir -p "$ws/src"
  ln -sfn "$root" "$ws/src/ttt3r_ros"
  local packages=(--base-paths "$ws/src")
  [ "$ros" = sourced ] || packages+=(underlay)
  # Links instead of copies: an edited source file is what runs, without another build.
  colcon --log-base "$ws/log" build "${packages[@]}" --build-base "$ws/build" --install-base "$ws/install" \
    --merge-install --symlink-install --event-handlers console_direct+ \
    --cmake-args -DBUILD_TESTING=OFF "-DPython3_EXECUTABLE=$venv/bin/python" --no-warn-unused-cli
}

key() { sha256sum | cut -d ' ' -f 1; }

same() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

choose_ros
check_tools
mkdir -p "$ws"
: >"$log"

# Another ROS, interpreter or place: start afresh.
identity="$ros $([ "$ros" = wheels ] || printf %s "$ROS_DISTRO") $python $("$python" -V) $root"
if ! same "$ws/identity" "$identity"; then
  if [ -e "$venv" ] && ! [ -e "$ws/identity" ]; then
    fail "$venv exists and was not made by this script" "move it away"
  fi
  [ ! -e "$ws/identity" ] || printf '%s\n' "setup: another ROS, Python or folder than before; starting afresh"
  rm -rf "$venv" "$ws/build" "$ws/install" "$ws"/*.key
  printf '%s\n' "$identity" >"$ws/identity"
fi

packages_key=$(cat requirements/*.txt | key)
# Of the Python files only the names: the build links them.
build_key=$({
  printf '%s\n' "$packages_key"
  find package.xml CMakeLists.txt msg srv underlay -type f ! -path '*/__pycache__/*' -print0 | sort -z |
    xargs -0 sha256sum
  find ttt3r_ros launch config scripts -type f ! -path '*/__pycache__/*' | sort
} | key)
same "$ws/packages.key" "$packages_key" && same "$ws/build.key" "$build_key" && exit 0

[ -x "$venv/bin/pip" ] || run "making .venv with $("$python" -V)" "apt install python3-venv" make_venv
. "$venv/bin/activate"
[ "$ros" = sourced ] || . "$venv/local_setup.bash"
if ! same "$ws/packages.key" "$packages_key"; then
  install_python_packages
  printf '%s\n' "$packages_key" >"$ws/packages.key"
fi
run "building the ROS packages" "see the log; \`make clean\` and run this again" build
printf '%s\n' "$build_key" >"$ws/build.key"
printf '%s\n' "setup: ready after $SECONDS s"
