# SPDX-License-Identifier: Apache-2.0
"""The GLB file in a real browser, by the three.js that viser brings: all of it is seen where and as it is."""

from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest

viser = pytest.importorskip('viser', reason='pip install viser')
from browser import IN_A_BROWSER, Browser  # noqa: E402
from test_view import INTRINSICS, write_run  # noqa: E402
from test_view_browser import (  # noqa: E402
    HEIGHT,
    NEAR,
    WIDTH,
    along,
    distance_to,
    of_hue,
    picture_once,
    project,
    visible,
)

from ttt3r_ros.export import glb  # noqa: E402
from ttt3r_ros.offline.recording import Recorded, Shot  # noqa: E402

pytestmark = IN_A_BROWSER
GREEN = np.uint8([40, 170, 70])


def of_lines(picture):
    """Return where a picture has the colour of path and cameras, which are a pixel wide."""
    return of_hue(picture, 15, 26, 60)


def recorded(folder, poses):
    """Return a run along poses, each of which has seen a wall of green points two metres ahead."""
    (folder / 'points').mkdir()
    u, v = np.meshgrid(np.arange(0, 64, 8), np.arange(0, 48, 8))
    wall = 2 * np.stack([u.ravel(), v.ravel(), np.ones(u.size)], axis=1) @ np.linalg.inv(INTRINSICS).T
    about = {field.name: None for field in fields(Shot)} | {'intrinsics': INTRINSICS.tolist(), 'size': [64, 48]}
    shots = [Shot(**about | {'number': i, 'pose': pose.tolist(), 'stamp': i}) for i, pose in enumerate(poses)]
    for shot in shots:
        np.savez(folder / f'points/{shot.name}.npz', points=wall.astype(np.float32),
                 colours=np.tile(GREEN, (len(wall), 1)), confidence=np.linspace(1, 2, len(wall), dtype=np.float32))
    (folder / 'frames.jsonl').write_text('')
    found = Recorded(folder, 'walls', 'camera')
    found.every = found.shots = shots
    return found


def test_a_browser_shows_path_cameras_and_points_where_they_are(tmp_path):
    """Within 5 pixels, and y up; points are a pixel wide, and this browser's tone mapping changes colours a little."""
    poses = write_run(tmp_path / 'run', 60)
    run = recorded(tmp_path, poses)
    glb.write(run, tmp_path)
    cloud, lines = run.cloud().points, glb._frusta(run, run.cloud().points)
    server = viser.ViserServer('127.0.0.1', 0, verbose=False)
    server.gui.configure_theme(show_logo=False, show_share_button=False, control_width='medium')
    server.scene.set_up_direction('+y')
    camera = server.initial_camera
    middle = poses[:, :3, 3].mean(axis=0) @ glb.TO_GLTF
    camera.position, camera.look_at, camera.up = middle + [2.0, 3.0, 4.0], middle, np.array([0.0, 1, 0])
    camera.fov = np.radians(50)
    looked = SimpleNamespace(position=camera.position, look_at=camera.look_at, up=camera.up, fov=camera.fov)
    server.scene.add_glb('/run', (tmp_path / 'cloud.glb').read_bytes())
    try:
        with Browser(tmp_path / 'profile', (WIDTH, HEIGHT)) as browser:
            browser.open(f'http://127.0.0.1:{server.get_port()}')
            edges = np.concatenate([along(pair) for pair in lines.reshape(-1, 2, 3)])
            way = np.concatenate([along(poses[:, :3, 3]), edges]) @ glb.TO_GLTF
            way = project(way, looked)
            way = np.round(way[visible(way)]).astype(int)
            picture = picture_once(browser, lambda picture: of_lines(picture).sum() > 3000)
            found, drawn = of_lines(picture), np.zeros((HEIGHT, WIDTH), bool)
            drawn[way[:, 1], way[:, 0]] = True
            assert len(way) > 1000 and distance_to(found)[way[:, 1], way[:, 0]].max() <= NEAR
            assert (distance_to(drawn)[found] <= NEAR).mean() > 0.99
            pixels = project(cloud @ glb.TO_GLTF, looked)
            pixels = np.round(pixels[visible(pixels)]).astype(int)
            green = of_hue(picture, 50, 75, 60)
            assert len(pixels) > 200
            assert np.quantile(distance_to(green)[pixels[:, 1], pixels[:, 0]], 0.9) <= NEAR
    finally:
        server.stop()
