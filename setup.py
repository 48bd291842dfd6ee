# SPDX-License-Identifier: Apache-2.0
"""`pip install .` of the part that needs no ROS; colcon builds the whole package through CMakeLists.txt."""

import re
from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = Path(__file__).parent / 'ttt3r_ros/__init__.py'

setup(
    name='ttt3r_ros',
    version=re.search(r"^__version__ = '(.+)'$", PACKAGE.read_text(), re.M)[1],
    description='TTT3R for robots: streaming monocular 3D reconstruction, and its ROS 2 node',
    license='Apache-2.0',
    packages=find_packages(include=['ttt3r_ros*'], exclude=['ttt3r_ros.ros*']),
    package_data={'ttt3r_ros': ['weights/*']},
    python_requires='>=3.10',
    install_requires=[
        'av>=14.2,<19',  # 19 opens nothing that is told what to do about broken metadata
        'einops',
        'evo',
        'matplotlib',
        'mcap',
        'numpy',
        'opencv-python-headless',
        'pillow',
        'rich',
        'rosbags',
        'ruamel.yaml',
        'safetensors',
        'scipy',
        'torch>=2.4',
        'zstandard',
    ],
    entry_points={'console_scripts': ['ttt3r = ttt3r_ros.cli.main:main']},
    zip_safe=False,
)
