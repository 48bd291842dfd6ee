# SPDX-License-Identifier: Apache-2.0
"""`ttt3r`: one module a command, with add_parser(subparsers) and run(args) -> exit code."""

from __future__ import annotations

import argparse
import difflib
import errno
import io
import logging
import re
import sys
from pathlib import Path
from typing import NoReturn

from ttt3r_ros import __version__
from ttt3r_ros.cli import (
    batch,
    bench,
    calibrate,
    convert,
    demo,
    evaluate,
    fetch,
    mishaps,
    parameters,
    resets,
    restarts,
    run,
    view,
)
from ttt3r_ros.cli.statuses import BAD_INPUT, DEVICE_FAILED, INTERRUPTED

COMMANDS = (run, batch, view, demo, evaluate, mishaps, restarts, resets, calibrate, bench, fetch, convert, parameters)
WITH_ROS = (demo, parameters)
# What an import can miss where there is no ROS, or no workspace of ours.
ROS = {'rclpy', 'rcl_interfaces', 'ament_index_python', 'builtin_interfaces', 'cv_bridge', 'diagnostic_msgs',
       'geometry_msgs', 'lifecycle_msgs', 'nav_msgs', 'rosgraph_msgs', 'sensor_msgs', 'sensor_msgs_py', 'std_msgs',
       'std_srvs', 'tf2_msgs', 'tf2_ros', 'tf_transformations'}
OURS_OF_ROS = ('ttt3r_ros.ros', 'ttt3r_ros.msg', 'ttt3r_ros.srv')
# Modules that come with an extra of the wheel (pyproject.toml).
EXTRAS = {'av': 'video', 'evo': 'eval', 'fsspec': 'fleet', 'laspy': 'export', 'matplotlib': 'eval', 'ray': 'fleet',
          'rerun-sdk': 'export', 'viser': 'view'}
MOST_TOLD = 3  # arguments that are not known: of a pattern that the shell has resolved there may be thousands
# What to do about errors of the system that are the user's to mend.
REMEDIES = dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM),
                         'make room there, or write elsewhere') | dict.fromkeys((errno.ENAMETOOLONG, errno.ELOOP),
                                                                                'give another path')


def _meant(left: list[str], known: str) -> str:
    """Return what may have been meant by arguments that are not known, of a command with that help."""
    option = next((word.split('=')[0] for word in left if word.startswith('-')), None)
    if option is None:
        return 'quote a pattern and a name with spaces, which the shell takes apart'
    near = difflib.get_close_matches(option, re.findall(r'--[a-z0-9-]+', known), 1)
    return f'there is no option {option}' + (f': did you mean {near[0]}?' if near else '')


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command that argv (the process's own arguments by default) names, and exit with its code.

    An error of our own becomes one line on standard error and exit code 2, a device that is full or lost one and 4.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # of a terminal that is not of UTF-8: a × less is no reason to end
            stream.reconfigure(errors='replace')
    logging.basicConfig(format='%(message)s')
    logging.getLogger('ttt3r_ros').setLevel(logging.INFO)
    parser = argparse.ArgumentParser(
        prog='ttt3r', description='TTT3R: streaming 3D reconstruction from one camera.')
    parser.add_argument('--version', action='version', version=__version__)
    subparsers = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for command in COMMANDS:
        command.add_parser(subparsers).set_defaults(run=command.run)
    args, left = parser.parse_known_args(argv)
    if left:
        chosen = subparsers.choices[args.command]
        chosen.error(f'unrecognized arguments: {" ".join(left[:MOST_TOLD])}{" …" if len(left) > MOST_TOLD else ""}; '
                     + _meant(left, chosen.format_help()))
    try:
        code = args.run(args)
    except ModuleNotFoundError as error:
        if (error.name or '').startswith('ttt3r_ros.') and not error.name.startswith(OURS_OF_ROS):
            raise
        sys.stderr.write(f'ttt3r {args.command}: {missing(error)}\n')
        code = BAD_INPUT
    except ImportError as error:
        if not ROS.intersection(Path(error.path or '').parts):
            raise
        sys.stderr.write(f'ttt3r {args.command}: {unloaded(error)}\n')
        code = BAD_INPUT
    except KeyboardInterrupt:  # PyTorch's import alone takes seconds
        sys.stderr.write(f'ttt3r {args.command}: interrupted\n')
        code = INTERRUPTED
    except OSError as error:
        if error.errno not in REMEDIES:
            raise
        place = error.filename or getattr(args, 'out', 'the output')
        sys.stderr.write(f'ttt3r {args.command}: {place}: {error.strerror}; {REMEDIES[error.errno]}\n')
        code = BAD_INPUT
    except Exception as error:
        # Our own errors are written for the user; any other is a fault of ours and keeps its traceback.
        ours = type(error).__module__.startswith('ttt3r_ros.')
        told = str(error) if ours else _of_the_device(error)
        if told is None:
            raise
        sys.stderr.write(f'ttt3r {args.command}: {" ".join(told.split())}\n')
        code = BAD_INPUT if ours else DEVICE_FAILED
    sys.exit(code)


def _of_the_device(error: Exception) -> str | None:
    """Return in words what an error says of a device that is full or lost, None if it says nothing of one."""
    if 'torch' not in sys.modules:
        return None
    from ttt3r_ros.model.device import why_it_failed

    return why_it_failed(error)


def unloaded(error: ImportError) -> str:
    """Return what to do where a module of ROS is there, and not what it loads."""
    return (f'needs ROS 2, whose libraries are not found ({str(error).splitlines()[0]}): source its setup.bash in this '
            f'shell; sudo takes LD_LIBRARY_PATH away. {_without_ros()}')


def _without_ros() -> str:
    alone = ', '.join(command.__name__.rpartition('.')[2] for command in COMMANDS if command not in WITH_ROS)
    return f'Without ROS there are {alone}'


def missing(error: ModuleNotFoundError) -> str:
    """Return what to install where a module is missing."""
    name = error.name or str(error)
    if name.split('.')[0] in ROS or name.startswith(OURS_OF_ROS):
        return (f'needs ROS 2 and this package built in a workspace (no module {name}): run "make setup" in its '
                f'clone, or source the workspace. {_without_ros()}')
    package = name.split('.')[0]
    if package in EXTRAS:
        return (f'needs the Python module {package}, which is not there: run "pip install {package}", or install the '
                f'wheel with its extra [{EXTRAS[package]}]')
    return f'needs the Python module {name}, which is not there: requirements/runtime.txt names what to install'
