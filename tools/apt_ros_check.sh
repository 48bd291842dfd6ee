#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs what only an apt ROS can tell, on Ubuntu 24.04 with /opt/ros/jazzy, and prints a table; not 0 where a part fails.
#   tools/apt_ros_check.sh [PART...]      parts: setup suite colcon launch ekf bag rviz; all by default
#   ROS_ROOT=/opt/ros/kilted              another release
# What is not installed is skipped, and named. It takes some half an hour, most of it the suite.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
root=$PWD ros=${ROS_ROOT:-/opt/ros/jazzy} work=$(mktemp -d) rows=() failed=0
trap 'rm -rf "$work"' EXIT

if [ ! -f "$ros/setup.bash" ]; then
  printf '%s\n' "apt_ros_check: no ROS in $ros: sudo apt install ros-jazzy-desktop, or set ROS_ROOT" >&2
  exit 2
fi
. "$ros/setup.bash"
export ROS_DOMAIN_ID=${ROS_DOMAIN_ID:-77} ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST

row() { rows+=("$(printf '%-8s %-8s %s' "$1" "$2" "$3")"); }

has_package() { ros2 pkg prefix "$1" > /dev/null 2>&1; }

part_setup() { make setup; }

part_suite() { make test; }

part_colcon() {  # as a user's own workspace has it
  mkdir -p "$work/ws/src/ttt3r_ros" &&
    tar c --exclude=./.venv --exclude=./.ws --exclude=./out . | tar x -C "$work/ws/src/ttt3r_ros" &&
    (cd "$work/ws" && colcon build --packages-select ttt3r_ros)
}

part_launch() {
  . tools/env.sh
  local file
  for file in launch/*.launch.py; do
    ros2 launch ttt3r_ros "$(basename "$file")" --show-args || return 1
  done
}

make_bag() {
  [ -d "$work/bag" ] || python - "$work/bag" <<'PYTHON'
import sys

from ttt3r_ros.sequences import open_sequence, write_bag

write_bag(open_sequence('synthetic:1:60'), sys.argv[1])
PYTHON
}

part_bag() {
  . tools/env.sh
  make_bag && timeout 180 ros2 launch ttt3r_ros bag.launch.py "bag:=$work/bag" image:=/camera/image_raw &&
    ! timeout 60 ros2 launch ttt3r_ros bag.launch.py "bag:=$work/none" image:=/camera/image_raw
}

part_ekf() {
  has_package robot_localization || { printf 'ros-jazzy-robot-localization is not installed\n'; return 77; }
  . tools/env.sh
  make_bag || return 1
  timeout -s INT 60 ros2 launch ttt3r_ros ekf.launch.py image:=/camera/image_raw &
  local launched=$! heard
  ros2 run tf2_ros static_transform_publisher --frame-id base_link --child-frame-id camera & local mount=$!
  sleep 10
  timeout 40 ros2 bag play "$work/bag" & local player=$!
  timeout 40 ros2 topic echo --once odometry/filtered nav_msgs/msg/Odometry
  heard=$?
  kill -INT $launched $mount $player 2> /dev/null
  wait
  return $heard
}

part_rviz() {
  has_package rviz2 || { printf 'ros-jazzy-rviz2 is not installed\n'; return 77; }
  . tools/env.sh
  local display=()
  if [ -z "${DISPLAY:-}" ]; then
    command -v xvfb-run > /dev/null || { printf 'no display, and no xvfb-run\n'; return 77; }
    display=(xvfb-run -a)
  fi
  timeout -s INT 20 "${display[@]}" rviz2 -d config/ttt3r.rviz 2>&1 | tee "$work/rviz.txt"
  ! grep -iE 'error|could not|failed' "$work/rviz.txt"
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(setup suite colcon launch ekf bag rviz)
for part in "${parts[@]}"; do
  began=$SECONDS
  printf '%s\n' "apt_ros_check: $part ..."
  (set -o pipefail; "part_$part") > "$work/$part.log" 2>&1
  status=$?
  case $status in
    0) row "$part" ok "$((SECONDS - began)) s" ;;
    77) row "$part" skipped "$(tail -n 1 "$work/$part.log")" ;;
    *) row "$part" FAILED "status $status; its last lines:"
       failed=1
       tail -n 15 "$work/$part.log" >&2 ;;
  esac
done
printf '\n%s, %s, OpenCV %s, NumPy %s\n' "$(. /etc/os-release && printf '%s' "$PRETTY_NAME")" "ROS ${ROS_DISTRO:-?}" \
  "$(python3 -c 'import cv2; print(cv2.__version__)' 2> /dev/null || printf '–')" \
  "$(python3 -c 'import numpy; print(numpy.__version__)' 2> /dev/null || printf '–')"
printf '%s\n' "${rows[@]}"
exit $failed
