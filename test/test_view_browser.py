# SPDX-License-Identifier: Apache-2.0
"""The viewer in a real browser: path and cameras are seen where the truth has them."""

import io
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

viser = pytest.importorskip('viser', reason='pip install viser')
from browser import IN_A_BROWSER, Browser  # noqa: E402
from test_view import answers, write_run  # noqa: E402

from ttt3r_ros.offline.reconstruction import Settings  # noqa: E402
from ttt3r_ros.offline.session import Plan, carry_out  # noqa: E402
from ttt3r_ros.reconstruction.depth import back_project  # noqa: E402
from ttt3r_ros.reconstruction.frame import View  # noqa: E402
from ttt3r_ros.view.live import LiveViewer  # noqa: E402
from ttt3r_ros.view.run_folder import RunFolder  # noqa: E402
from ttt3r_ros.view.scene import FRUSTUM_SHARE  # noqa: E402
from ttt3r_ros.view.viewer import Viewer  # noqa: E402

pytestmark = IN_A_BROWSER
ROOT = Path(__file__).parents[1]
WIDTH, HEIGHT = 1280, 720
PANEL = (940, 0)  # the panel's left edge; the note about software rendering ends at:
NOTE = (320, 190)
NEAR = 5  # pixels


def project(points, camera):
    """Return pixels (n, 2) of points (n, 3) for viser's camera: where it stands, what it looks at, up, its field."""
    ahead = camera.look_at - camera.position
    ahead = ahead / np.linalg.norm(ahead)
    right = np.cross(ahead, camera.up)
    right /= np.linalg.norm(right)
    seen = (points - camera.position) @ np.stack([right, np.cross(ahead, right), ahead], axis=1)
    focal = HEIGHT / 2 / np.tan(camera.fov / 2)
    return seen[:, :2] / seen[:, 2:] * focal + [WIDTH / 2, HEIGHT / 2]


def visible(pixels):
    """Return which pixels lie in the view, off the panel and the note."""
    u, v = pixels.T
    return (u > NEAR) & (u < PANEL[0] - NEAR) & (v > NEAR) & (v < HEIGHT - NEAR) & ~((u < NOTE[0]) & (v < NOTE[1]))


def of_hue(picture, low, high, strength=150):
    """Return where a picture has a colour of a hue, degrees / 2, and some strength of 255, in the view."""
    hue, saturation, value = np.moveaxis(cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2HSV), -1, 0)
    found = (hue >= low) & (hue <= high) & (saturation > strength) & (value > 100)
    v, u = np.nonzero(found)
    found[v, u] = visible(np.stack([u, v], axis=1))
    return found


def distance_to(found):
    """Return every pixel's distance to the nearest one that was found."""
    return cv2.distanceTransform((~found).astype(np.uint8), cv2.DIST_L2, 5)


def along(corners):
    """Return points on the straight way through corners (n, 3)."""
    share = np.linspace(0, 1, 100)[:, None]  # closer than pixels: a step that comes near is 200 of them long
    return np.concatenate([a + share * (b - a) for a, b in zip(corners[:-1], corners[1:])])


def picture_once(browser, condition, seconds=180):
    """Return the first picture that meets a condition and is followed by the same one."""
    end, before = time.monotonic() + seconds, None
    while True:
        picture = browser.picture()
        if condition(picture) and before is not None and np.mean(picture != before) < 1e-3:
            return picture
        assert time.monotonic() < end, 'the view does not come'
        before = picture
        time.sleep(1)


def of_path(picture):
    return of_hue(picture, 12, 24)


def of_cameras(picture):
    return of_hue(picture, 104, 120)


@pytest.fixture(scope='module')
def seen(tmp_path_factory):
    """Serve a run to a browser; return the viewer, the browser and the true poses."""
    folder = tmp_path_factory.mktemp('seen')
    poses = write_run(folder / 'run', 150, (120, 160), np.array([[130.0, 0, 79.5], [0, 130, 59.5], [0, 0, 1]]))
    viewer = Viewer(RunFolder(folder / 'run'), port=0)
    with Browser(folder / 'profile', (WIDTH, HEIGHT)) as browser:
        browser.open(f'http://127.0.0.1:{viewer.port}')
        yield viewer, browser, poses
    viewer.close()


def only(viewer, *parts):
    """Show these parts of a scene alone."""
    viewer.restyle(**{f'with_{part}': part in parts for part in ('frame', 'map', 'frusta', 'path', 'answer')})


def assert_path_is_where_it_is(viewer, browser, poses):
    """Check that all of it in view is drawn where the truth's projection has it, and its colour is nowhere else."""
    only(viewer, 'path')
    assert_drawn(browser, project(along(poses[:, :3, 3]), viewer.camera))


def assert_drawn(browser, way):
    """Check that pixels (n, 2) of a way are drawn in its colour, which is nowhere else."""
    way = np.round(way[visible(way)]).astype(int)
    assert len(way) > 300
    path = of_path(picture_once(browser, lambda picture: of_path(picture).sum() > 300
                                and of_cameras(picture).sum() < 9))
    assert distance_to(path)[way[:, 1], way[:, 0]].max() <= NEAR
    drawn = np.zeros((HEIGHT, WIDTH), bool)
    drawn[way[:, 1], way[:, 0]] = True
    assert (distance_to(drawn)[path] <= NEAR).mean() > 0.99


def test_the_path_is_seen_where_it_is(seen):
    """Every visible part of it is drawn within 5 pixels of the truth's projection."""
    assert_path_is_where_it_is(*seen)


def test_a_live_path_is_seen_where_it_is(tmp_path):
    """Frames that come while the browser looks on are drawn as a finished run is."""
    poses = write_run(tmp_path / 'run', 60)
    viewer = LiveViewer(port=0)
    try:
        with Browser(tmp_path / 'profile', (WIDTH, HEIGHT)) as browser:
            browser.open(f'http://127.0.0.1:{viewer.port}')
            for frame in answers(RunFolder(tmp_path / 'run')):
                viewer.add(frame)
                time.sleep(0.05)
            assert_path_is_where_it_is(viewer, browser, poses)
            assert_cameras_are_where_they_are(viewer, browser, poses, (32 / 52, 24 / 52), 0.8)
    finally:
        viewer.close()


def test_cameras_are_seen_where_they_are(seen):
    """Every visible camera has its centre within 5 pixels of the truth's projection, and looks where it looked."""
    assert_cameras_are_where_they_are(*seen, (80 / 130, 60 / 130))


def assert_cameras_are_where_they_are(viewer, browser, poses, half, share=0.9, fewest=11):
    """Check centres and corners of the cameras that are drawn, of poses (n, 4, 4), but for those that are hidden.

    half (2,) or (n, 2): half the picture by its focal length, across and down; share: what others hide less of.
    fewest: that have to be in view.
    """
    only(viewer, 'frusta')
    drawn = of_cameras(picture_once(browser, lambda picture: of_cameras(picture).sum() > 300))
    shown = poses[viewer.scene.cameras]
    half = np.broadcast_to(half, (len(poses), 2))[viewer.scene.cameras]
    size = FRUSTUM_SHARE * viewer.scene.size / np.cbrt(half.prod(axis=1) / 3)  # viser keeps the volume
    across = half[:, None] * [[-1, -1], [1, -1], [1, 1], [-1, 1]]
    corners = size[:, None, None] * np.concatenate((across, np.ones((len(half), 4, 1))), axis=2)
    corners = (corners @ np.swapaxes(shown[:, :3, :3], 1, 2) + shown[:, None, :3, 3]).reshape(-1, 3)
    for name, places in (('centres', shown[:, :3, 3]), ('corners', corners)):
        pixels = project(places, viewer.camera)
        pixels = np.round(pixels[visible(pixels)]).astype(int)
        assert len(pixels) >= fewest
        assert np.quantile(distance_to(drawn)[pixels[:, 1], pixels[:, 0]], share) <= NEAR, name


def test_the_memory_is_asked_from_where_the_browser_looks_from(seen):
    """The button hands the browser's camera on: what is answered stands there, and the panel says how much it is."""
    viewer, browser, poses = seen
    asked = []

    class Wall:
        def ask(self, pose, intrinsics, size):
            asked.append((pose, intrinsics, size))
            depth = np.full(size, viewer.scene.size)
            return View(back_project(depth, intrinsics), np.ones(size))

    viewer.asking.offer(Wall())
    picture_once(browser, lambda _: browser.press('ask the memory from here'))
    (pose, intrinsics, size), = asked
    camera = viewer.camera
    ahead = (camera.look_at - camera.position) / np.linalg.norm(camera.look_at - camera.position)
    np.testing.assert_allclose(pose[:3, 3], camera.position, atol=1e-3)
    np.testing.assert_allclose(pose[:3, 2], ahead, atol=1e-3)
    assert pose[:3, 1] @ camera.up < -0.5 and abs(pose[:3, 0] @ camera.up) < 1e-3  # y down, x level
    assert size == (120, 160) and intrinsics[0, 0] == 130
    end = time.monotonic() + 60
    while not viewer.asking.told.startswith('answered: 19,200 points'):
        assert time.monotonic() < end, viewer.asking.told
        time.sleep(0.1)
    assert np.array_equal(viewer.scene.answer.pose, pose)


def test_it_looks_as_the_readme_shows_it(tmp_path, capsys):
    """In coarse terms, the run that the picture there is of; how often it is drawn with 100,000 points is told."""
    carry_out(Plan('synthetic:0:150', tmp_path / 'run', Settings(), exports=('frames',)), Console(file=io.StringIO()))
    viewer = Viewer(RunFolder(tmp_path / 'run'), port=0)
    with Browser(tmp_path / 'profile', (WIDTH, HEIGHT)) as browser:
        browser.open(f'http://127.0.0.1:{viewer.port}')
        picture_once(browser, lambda picture: of_path(picture).sum() > 300)
        browser.press_close()  # the note about the software renderer
        picture = picture_once(browser, lambda picture: (picture[:NOTE[1], :NOTE[0]] > 250).mean() > 0.95)
        rate = browser.frames_a_second()
    viewer.close()
    with capsys.disabled():
        print(f'\n{viewer.scene.points_sent():,} points in a software renderer: {rate:.1f} frames a second')
    cv2.imwrite(str(tmp_path / 'viewer.png'), picture[..., ::-1])
    expected = cv2.imread(str(ROOT / 'docs/viewer.jpg'))[..., ::-1]
    coarse, expected = (cv2.resize(one, (64, 36), interpolation=cv2.INTER_AREA).astype(float)
                        for one in (picture, expected))
    assert np.abs(coarse - expected).mean() < 6 and np.abs(coarse - expected[:, ::-1]).mean() > 12
