# SPDX-License-Identifier: Apache-2.0
"""A run on one page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecFromSubplotSpec, SubplotSpec

from ttt3r_ros.demo.cloud import ColouredPoints
from ttt3r_ros.demo.recorder import Recording
from ttt3r_ros.demo.report import Results, trajectory_of
from ttt3r_ros.evaluation.verdict import DOUBTFUL, GOOD, LOST
from ttt3r_ros.presentation.charts import confidence_chart, gate_chart, latency_chart, path_chart
from ttt3r_ros.presentation.splat import oblique, render, without_ceiling
from ttt3r_ros.presentation.style import BACKGROUND, COLOURS, ESTIMATE, FAINT, PANEL, STYLE, TEXT, WARNING, heading
from ttt3r_ros.reconstruction.gravity import OPTICAL_TO_BODY, start_pose
from ttt3r_ros.sequences import Trajectory

WIDTH, DPI = 18.0, 120
MARGIN = 0.45
VIEW_PIXELS = 900
FEWEST_COLUMNS = 3  # of a single image the picture would be as high as a door
BANNER = 150  # characters in a line
VERDICT_COLOURS = {GOOD: TEXT, DOUBTFUL: WARNING, LOST: WARNING}


def draw(path: Path, results: Results, recording: Recording, cloud: ColouredPoints,
         pictures: Mapping[int, np.ndarray], truth: Trajectory | None) -> None:
    """Draw the overview: frames and their depth, the cloud, the path, and how the run went.

    pictures: a few input frames, uint8 (H, W, 3), by stamp; recording holds the depth of the clouds of those stamps.
    """
    with matplotlib.rc_context(STYLE):
        columns = max(len(pictures), FEWEST_COLUMNS)
        strip = (WIDTH - 2 * MARGIN) / columns
        frames = strip * _aspect(pictures.values())
        depths = {c.stamp: c.depth for c in recording.clouds if c.depth is not None and c.stamp in pictures}
        header = 1.2 if results.verdict.word == GOOD else 2.0
        heights = [header, frames + 0.06, strip * _aspect(depths.values()) + 0.52, 6.6]
        height = sum(heights) + MARGIN
        figure = Figure(figsize=(WIDTH, height), dpi=DPI)
        FigureCanvasAgg(figure)
        grid = figure.add_gridspec(4, 1, height_ratios=heights, left=MARGIN / WIDTH, right=1 - MARGIN / WIDTH,
                                   top=1 - 0.1 / height, bottom=MARGIN / height, hspace=0)
        _header(figure, grid[0], results)
        _strips(figure, grid[1], grid[2], pictures, depths)
        lower = GridSpecFromSubplotSpec(1, 3, grid[3], width_ratios=(8.2, 4.6, 4.6), wspace=0.17)
        estimate = trajectory_of(recording.poses)
        _cloud(figure.add_subplot(lower[0]), cloud, estimate)
        paths = GridSpecFromSubplotSpec(2, 1, lower[1], height_ratios=(3, 2), hspace=0.3)
        shown, note = _place_truth(results, truth)
        path_chart(figure.add_subplot(paths[0]), estimate, shown, 'from above', note)
        path_chart(figure.add_subplot(paths[1]), estimate, shown, 'from the side', note)
        charts = GridSpecFromSubplotSpec(3, 1, lower[2], hspace=0.5)
        start = recording.statuses[0].header.stamp.sec if recording.statuses else 0
        seconds = np.array([s.header.stamp.sec - start + s.header.stamp.nanosec * 1e-9 for s in recording.statuses])
        gate_chart(figure.add_subplot(charts[0]), seconds, recording.statuses)
        confidence_chart(figure.add_subplot(charts[1]), seconds, recording.statuses)
        latency_chart(figure.add_subplot(charts[2]), seconds, recording.statuses, results)
        figure.savefig(path)


def _aspect(images) -> float:
    return max((image.shape[0] / image.shape[1] for image in images), default=0.75)


def _header(figure: Figure, place: SubplotSpec, results: Results) -> None:
    run, axes = results.run, _empty(figure, place)
    verdict = results.verdict
    top, below = (0.76, 0.38) if verdict.word == GOOD else (0.87, 0.65)
    name = axes.text(0, top, 'TTT3R', size=27, weight='bold', va='center', color=ESTIMATE)
    axes.annotate(f'on {run.source}', (1, 0), xycoords=name, xytext=(12, 0), textcoords='offset points', size=22,
                  va='bottom')
    mode = 'lossless' if run.lossless else 'live'
    axes.text(0, below, f'rule {results.update_rule}  ·  {mode}, {run.rate:.3g} images a second over DDS  ·  '
                        f'weights {Path(run.weights).stem[:40]}', size=12, color=FAINT, va='center')
    broken = sum(not check.passed for check in results.checks)
    low, high = results.latency_ms.p50, results.latency_ms.p95
    latency = f'{low:.0f} / {high:.0f} ms' if high < 1000 else f'{low / 1e3:.1f} / {high / 1e3:.1f} s'
    tiles = [(f'{results.frames_out}/{results.frames_in}', 'frames with a pose', TEXT),
             (latency, 'latency p50 / p95', TEXT)]
    if broken or verdict.word != LOST:
        tiles.append((f'{broken} broken' if broken else 'all kept', 'stamps and frames', WARNING if broken else TEXT))
    tiles.append((verdict.word, 'path', VERDICT_COLOURS[verdict.word]))
    if results.accuracy is not None and results.trained:
        tiles.insert(2, (f'{results.accuracy.ate_sim3:.3f} m', f'ATE over {results.accuracy.path_length:.1f} m', TEXT))
    for i, (value, label, colour) in enumerate(reversed(tiles)):
        axes.text(1 - 0.122 * i, top, value, size=18, weight='bold', ha='right', va='center', color=colour)
        axes.text(1 - 0.122 * i, below, label, size=11.5, color=FAINT, ha='right', va='center')
    axes.text(0, 0.13 if verdict.word == GOOD else 0.5, run.limits, size=10.5, color=FAINT, va='center')
    if results.trained and verdict.word == GOOD:
        return
    text = f'{verdict.word.upper()}: {verdict.sentence}' if results.trained else (
        'UNTRAINED WEIGHTS: the network is random. Depth, points and path below mean nothing.')
    axes.text(0.5, 0.22, '\n'.join(wrap(text, BANNER)), size=13, weight='bold', ha='center', va='center',
              color=BACKGROUND, bbox={'boxstyle': 'round,pad=0.45', 'facecolor': WARNING, 'edgecolor': 'none'})


def _strips(figure: Figure, above: SubplotSpec, below: SubplotSpec, pictures: Mapping[int, np.ndarray],
            depths: Mapping[int, np.ndarray]) -> None:
    columns = max(len(pictures), FEWEST_COLUMNS)
    measured = [depth[np.isfinite(depth)] for depth in depths.values()]
    low, high = np.percentile(np.concatenate(measured), (2, 98)) if any(map(len, measured)) else (0.0, 1.0)
    uppers = GridSpecFromSubplotSpec(1, columns, above, wspace=0.03)
    lowers = GridSpecFromSubplotSpec(1, columns, below, wspace=0.03)
    first = min(pictures, default=0)
    for place, label in ((uppers[0], 'input'), (lowers[0], 'depth')):
        _empty(figure, place).text(-0.035, 0.5, label, size=11.5, color=FAINT, rotation=90, ha='center', va='center')
    for i, (stamp, image) in enumerate(pictures.items()):
        axes = _empty(figure, uppers[i])
        axes.imshow(image, interpolation='lanczos')
        axes.set_anchor('N')
        label = f'{(stamp - first) * 1e-9:.1f} s'
        axes.text(0.02, 0.04, label, transform=axes.transAxes, size=10.5, color='white', weight='bold',
                  bbox={'boxstyle': 'round,pad=0.25', 'facecolor': BACKGROUND, 'edgecolor': 'none', 'alpha': 0.65})
        axes = _empty(figure, lowers[i])
        axes.set_anchor('N')
        if stamp in depths:
            drawn = axes.imshow(depths[stamp], cmap=COLOURS, vmin=low, vmax=high, interpolation='bilinear')
            if i == len(pictures) - 1:
                inch = columns / (WIDTH - 2 * MARGIN) / _aspect([depths[stamp]])  # of the panel's height
                bar = axes.inset_axes((0, -0.12 * inch, 1, 0.065 * inch))
                figure.colorbar(drawn, cax=bar, orientation='horizontal', ticks=[]).outline.set_visible(False)
                axes.text(0, -0.16 * inch, f'{low:.1f} m', size=9.5, color=FAINT, va='top', transform=axes.transAxes)
                axes.text(1, -0.16 * inch, f'{high:.1f} m', size=9.5, color=FAINT, va='top', ha='right',
                          transform=axes.transAxes)
        else:
            axes.text(0.5, 0.5, 'no points', ha='center', va='center', color=FAINT, transform=axes.transAxes)


def _cloud(axes: Axes, cloud: ColouredPoints, estimate: Trajectory) -> None:
    heading(axes, 'cloud', f'{len(cloud.points):,} points; those high above the camera are left out')
    axes.set(xticks=[], yticks=[])
    box = axes.get_position()
    ratio = box.height * axes.figure.get_figheight() / (box.width * axes.figure.get_figwidth())
    size = (VIEW_PIXELS, round(VIEW_PIXELS / ratio))
    path = estimate.poses[:, :3, 3]
    low = without_ceiling(cloud.points, path)
    view = oblique(cloud.points[low], size)
    ground = tuple(int(PANEL[i:i + 2], 16) for i in (1, 3, 5))
    axes.imshow(render(cloud.points[low], cloud.colours[low], view, ground), interpolation='antialiased')
    if len(path):
        line, _ = view.project(path)
        axes.plot(*line.T, color=BACKGROUND, lw=4.5, alpha=0.55)
        axes.plot(*line.T, color=ESTIMATE, lw=2.2)
        axes.plot(*line[0], 'o', color=ESTIMATE, ms=9, mec=BACKGROUND, mew=1.5)
    axes.set(xlim=(0, size[1]), ylim=(size[0], 0))


def _place_truth(results: Results, truth: Trajectory | None) -> tuple[Trajectory | None, str]:
    """Return the truth in the odometry frame, and how it got there.

    By the Sim(3) alignment of a trained network's path; random poses are not worth one, and the truth just starts
    where the odometry frame does.
    """
    error = results.accuracy
    if truth is None or not len(truth):
        return None, ''
    if error is None or not results.trained:
        start = start_pose((0,) * 6, OPTICAL_TO_BODY)
        return Trajectory(truth.stamps, start @ np.linalg.inv(truth.poses[0]) @ truth.poses), 'truth'
    placed = truth.poses.copy()
    placed[:, :3, 3] = (truth.poses[:, :3, 3] - error.translation) @ error.rotation / error.scale
    placed[:, :3, :3] = error.rotation.T @ truth.poses[:, :3, :3]
    return Trajectory(truth.stamps, placed), 'truth, aligned by Sim(3)'


def _empty(figure: Figure, place: SubplotSpec) -> Axes:
    axes = figure.add_subplot(place)
    axes.set_axis_off()
    return axes
