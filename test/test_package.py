# SPDX-License-Identifier: Apache-2.0
"""What is shipped beside the code: versions, configuration, executables."""

import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from ament_index_python.packages import get_package_prefix, get_package_share_directory

import ttt3r_ros
from ttt3r_ros.cli import bench
from ttt3r_ros.cli.main import EXTRAS, main
from ttt3r_ros.cli.parameters import reference
from ttt3r_ros.model.update_rules import rule_parameters
from ttt3r_ros.ros.declarations import DECLARATIONS

ROOT = Path(__file__).parents[1]
FAST_DDS = '{http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles}'


def bare(requirement):
    """Return the package's name alone."""
    return re.match('[A-Za-z0-9._-]+', requirement)[0]


def test_versions_agree():
    """package.xml and the Python package name one version, which the wheel takes from there."""
    assert ElementTree.parse(ROOT / 'package.xml').findtext('version') == ttt3r_ros.__version__
    assert 'version = { attr = "ttt3r_ros.__version__" }' in (ROOT / 'pyproject.toml').read_text()


def test_what_the_wheel_wants_is_what_is_tested():
    """Every requirement of pyproject.toml has its pin in requirements/, and every extra is told where it is missing."""
    tomllib = pytest.importorskip('tomllib', reason='Python 3.11 brings it')
    project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
    pins = {bare(line) for file in (ROOT / 'requirements').glob('*.txt')
            for line in file.read_text().splitlines() if re.match('[a-z]', line)}
    extras = {name: extra for extra, wanted in project['optional-dependencies'].items() for name in map(bare, wanted)}
    assert {*map(bare, project['dependencies']), *extras} <= pins
    assert extras == EXTRAS


def test_parameter_file_applies_in_any_namespace():
    """The shipped YAML is keyed /** and holds parameters only."""
    content = yaml.safe_load((ROOT / 'config' / 'ttt3r.yaml').read_text())
    assert list(content) == ['/**']
    assert list(content['/**']) == ['ros__parameters']


def test_parameter_file_holds_the_defaults():
    """The shipped YAML names every parameter but those of rules and of launch, with the node's own defaults."""
    content = yaml.safe_load((ROOT / 'config' / 'ttt3r.yaml').read_text())['/**']['ros__parameters']
    flat = {f'{group}.{name}' if isinstance(values, dict) else group: value for group, values in content.items()
            for name, value in (values.items() if isinstance(values, dict) else [('', values)])}
    others = {*rule_parameters(), 'autostart'}
    assert flat == {d.name: list(d.default) if isinstance(d.default, tuple) else d.default
                    for d in DECLARATIONS if d.name not in others}


def test_fast_dds_profile_is_the_default_and_keeps_both_transports():
    """The shipped profile applies unnamed, has room for large images, and still reaches other machines."""
    root = ElementTree.parse(ROOT / 'config' / 'fastdds_shm.xml').getroot()
    transports = {transport.findtext(f'{FAST_DDS}transport_id'): transport
                  for transport in root.iter(f'{FAST_DDS}transport_descriptor')}
    participant = root.find(f'{FAST_DDS}participant')
    used = [t.text for t in participant.find(f'.//{FAST_DDS}userTransports')]
    assert participant.get('is_default_profile') == 'true'
    assert sorted(transports[name].findtext(f'{FAST_DDS}type') for name in used) == ['SHM', 'UDPv4']
    segments = [int(t.findtext(f'{FAST_DDS}segment_size', '0')) for t in transports.values()]
    assert max(segments) >= 1920 * 1080 * 3


def test_rviz_configuration_shows_what_the_node_publishes():
    """The RViz configuration is fixed to odom and shows the cloud reliably, as the node offers it."""
    manager = yaml.safe_load((ROOT / 'config' / 'ttt3r.rviz').read_text())['Visualization Manager']
    topics = {d['Topic']['Value']: d['Topic'] for d in manager['Displays'] if 'Topic' in d}
    assert manager['Global Options']['Fixed Frame'] == 'odom'
    assert topics['/ttt3r/points']['Reliability Policy'] == 'Reliable'
    assert topics['/ttt3r/map']['Durability Policy'] == 'Transient Local'
    assert set(topics) == {'/ttt3r/points', '/ttt3r/map', '/ttt3r/path', '/ttt3r/pose', '/image'}


@pytest.mark.parametrize('name', ['launch/ttt3r.launch.py', 'config/ttt3r.yaml', 'config/ttt3r.rviz',
                                  'config/fastdds_shm.xml', 'package.xml'])
def test_installed_files(name):
    """The files that a user names by package are in its share folder, as they are in the source."""
    assert (Path(get_package_share_directory('ttt3r_ros')) / name).read_bytes() == (ROOT / name).read_bytes()


@pytest.mark.parametrize('name', ['ttt3r', 'ttt3r_node'])
def test_executables_are_installed(name):
    """`ros2 run` finds the executable."""
    assert os.access(Path(get_package_prefix('ttt3r_ros')) / 'lib' / 'ttt3r_ros' / name, os.X_OK)


def test_command_runs():
    """The installed `ttt3r` starts and tells its version."""
    command = Path(get_package_prefix('ttt3r_ros')) / 'lib' / 'ttt3r_ros' / 'ttt3r'
    answer = subprocess.run([command, '--version'], capture_output=True, text=True, check=True)
    assert answer.stdout.split()[-1] == ttt3r_ros.__version__


def test_a_command_is_interrupted_in_one_line(monkeypatch, capfd):
    """Ctrl-C while PyTorch is imported leaves no traceback, in any command."""
    def interrupted(_) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, 'run', interrupted)
    with pytest.raises(SystemExit, match='^130$'):
        main(['bench'])
    assert capfd.readouterr().err == 'ttt3r bench: interrupted\n'


def test_messages_come_from_the_install_space():
    """The source tree's package finds the generated messages."""
    from ttt3r_ros.msg import ReconstructionStatus
    assert 'gate_mean' in ReconstructionStatus.get_fields_and_field_types()


def test_the_reference_of_parameters_is_what_the_node_declares():
    """docs/parameters.md is what `ttt3r parameters` writes."""
    written = (ROOT / 'docs' / 'parameters.md').read_text()
    assert written == reference()
    assert all(f'| `{d.name}` |' in written for d in DECLARATIONS)


@pytest.mark.parametrize('page', ['integration', 'navigation'])
def test_topics_in_the_pages_for_other_stacks_are_ours(page):
    """Every topic of the node that a page names is in the README's table of topics."""
    table = set(re.findall(r'~/([a-z_/]+[a-zA-Z]*)', (ROOT / 'README.md').read_text()))
    named = set(re.findall(r'/ttt3r/([a-z_/]+[a-zA-Z]*)', (ROOT / 'docs' / f'{page}.md').read_text()))
    assert named and named <= table


def test_the_citation_names_this_version_and_its_licence():
    """CITATION.cff is of the project under its own name, in this version, and of the papers with their numbers."""
    cited = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
    assert (cited['cff-version'], cited['version'], cited['license']) == ('1.2.0', ttt3r_ros.__version__, 'Apache-2.0')
    assert cited['authors'] == [{'name': 'ttt3r_ros maintainers'}]
    papers = {paper['identifiers'][0]['value'].removeprefix('arXiv:') for paper in cited['references']}
    assert papers and all(number in (ROOT / 'README.md').read_text() for number in papers)
