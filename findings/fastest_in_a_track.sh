#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How fast a robot was, by its track.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check gpxpy==1.6.2
"$work/venv/bin/python" - <<'PYTHON'
import sys
from datetime import datetime, timedelta, timezone
from importlib.metadata import version

from gpxpy.gpx import GPX, GPXTrack, GPXTrackPoint, GPXTrackSegment

START, DEGREE_M = datetime(2026, 1, 1, tzinfo=timezone.utc), 111_195.0


def moving(speeds):
    """Return what the library says of a way to the north, one point a second."""
    latitude, points = 48.0, []
    for second, speed in enumerate(speeds):
        points.append(GPXTrackPoint(latitude, 11.0, time=START + timedelta(seconds=second)))
        latitude += speed / DEGREE_M
    track, file = GPXTrack(), GPX()
    track.segments.append(GPXTrackSegment(points))
    file.tracks.append(track)
    return file.get_moving_data()


mower = moving([0.25] * 600)
rover = moving([1.0] * 300 + [5.0] * 20 + [1.0] * 280)
print(f'gpxpy {version("gpxpy")}\nguess: a mower that goes 0.25 m/s for ten minutes moves; a rover that goes 5 m/s for 20 '
      's of ten minutes has a maximum of 5\n'
      f'seen:  the mower moved for {mower.moving_time:.0f} s, {mower.moving_distance:.0f} m, and stood for '
      f'{mower.stopped_time:.0f}; the rover\'s max_speed is {rover.max_speed:.2f} m/s')
held = mower.moving_time == 0 and mower.stopped_time == 599 and 0.99 < rover.max_speed < 1.01
sys.exit(0 if held else 'The behaviour has changed.')
PYTHON
