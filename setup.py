# SPDX-License-Identifier: Apache-2.0
"""For tools that ask for a setup.py; what there is to say stands in pyproject.toml."""

from setuptools import setup

setup()
