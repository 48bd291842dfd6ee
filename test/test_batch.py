# SPDX-License-Identifier: Apache-2.0
"""`ttt3r batch`: which sources there are, what each comes to, and that a fleet answers as one process does."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from ttt3r_ros.cli.main import main
from ttt3r_ros.export.output_folder import OutputError
from ttt3r_ros.fleet import batch as batches
from ttt3r_ros.fleet import cluster
from ttt3r_ros.fleet.batch import Batch, Outcome, carry_out
from ttt3r_ros.fleet.cluster import Done, FleetError, Share
from ttt3r_ros.fleet.share import share_of_cpu, share_of_gpu, threads_worth
from ttt3r_ros.fleet.sources import brought_here, expand, folders_of
from ttt3r_ros.fleet.table import outcomes_table
from ttt3r_ros.model.threads import AVAILABLE, gflop
from ttt3r_ros.offline import session
from ttt3r_ros.offline.reconstruction import Settings, prepare
from ttt3r_ros.offline.selection import Moment, Selection
from ttt3r_ros.offline.session import Plan


def quiet() -> Console:
    """Return a console that nobody sees."""
    return Console(file=io.StringIO(), width=200)


def answers(folder: Path) -> list[dict]:
    """Return a run's frames without what its time was."""
    lines = (Path(folder) / 'frames.jsonl').read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name not in ('step_s', 'elapsed_s')}
            for line in lines]


def shown(table) -> str:
    """Return a table as text."""
    console = quiet()
    console.print(table)
    return console.file.getvalue()


def test_patterns_lists_and_addresses_become_sources(tmp_path, monkeypatch):
    """A pattern's files come in the order of their names, a list's lines relative to it, each source once."""
    monkeypatch.chdir(tmp_path)
    for name in ('b.mcap', 'a.mcap', 'walk [1].mp4'):
        (tmp_path / name).touch()
    (tmp_path / 'sub').mkdir()
    (tmp_path / 'sub/more.txt').write_text('# my bags\n\n../a.mcap  # again\ns3://bucket/run.bag\nsynthetic:1:8\n')
    assert expand(['*.mcap', 'sub/more.txt', 'walk [1].mp4']) == [
        str(tmp_path / 'a.mcap'), str(tmp_path / 'b.mcap'), 's3://bucket/run.bag', 'synthetic:1:8',
        str(tmp_path / 'walk [1].mp4')]
    for name in ('office/rgb/1.jpg', 'office/rgb/2.jpg', 'office/rgb/2.png', 'hall/rgb/1.jpg', 'hall/3.jpg'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert expand(['office/rgb/*.jpg']) == [str(tmp_path / 'office/rgb/*.jpg')]  # as for ttt3r run
    walks = expand(['*/rgb/*.jpg', 'hall/*.jpg'])
    assert walks == [str(tmp_path / walk) for walk in ('hall/rgb/*.jpg', 'office/rgb/*.jpg', 'hall/*.jpg')]
    assert folders_of(walks)[walks[1]] == 'office' and len(set(folders_of(walks).values())) == 3
    assert expand([f'file://{tmp_path}/*.mcap']) == [f'file://{tmp_path}/a.mcap', f'file://{tmp_path}/b.mcap']
    (tmp_path / 'empty.txt').write_text('# nothing\n')
    for wrong, why in (('none*.mcap', 'fits nothing'), ('gone.txt', 'cannot be read'), ('camera:0', 'ttt3r run'),
                       ('empty.txt', 'names no source'), (f'file://{tmp_path}/none*', 'fits nothing')):
        with pytest.raises(FleetError, match=why):
            expand([wrong])


def test_a_list_of_windows_and_names_with_a_number_sign_are_read(tmp_path):
    """A byte order mark is no part of the first name, and '#' is a remark only where it stands by itself."""
    path = tmp_path / 'walks.txt'
    path.write_bytes('\ufeffwalk#1.mp4\r\nwalk 2.mp4\t# again\r\n#walk 3.mp4\r\n'.encode())
    assert expand([str(path)]) == [str(tmp_path / name) for name in ('walk#1.mp4', 'walk 2.mp4')]


def test_every_source_has_a_folder_of_its_own():
    """Names are those of the sources; where two have one, in any case of letters, both get longer."""
    folders = folders_of(['/a/office.mp4', '/b/Office.bag', '/b/walk.bag', 'synthetic:1:8', 's3://x/.hidden?key=1'])
    assert folders['/b/walk.bag'] == 'walk' and folders['synthetic:1:8'] == 'synthetic-1-8'
    assert len({name.lower() for name in folders.values()}) == 5
    assert folders['/a/office.mp4'].startswith('office-') and folders['s3://x/.hidden?key=1'] == 'hidden'


def test_what_is_elsewhere_is_brought_here_and_taken_away(tmp_path, monkeypatch):
    """A file and a folder are copied to one place on each attempt; what cannot be fetched is told with its address."""
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path / 'here'))
    (tmp_path / 'here').mkdir()
    (tmp_path / 'bag').mkdir()
    (tmp_path / 'bag/one.mcap').write_bytes(b'mcap')
    places = set()
    for _ in range(2):
        with brought_here(f'file://{tmp_path}/bag/one.mcap') as place:
            assert Path(place).read_bytes() == b'mcap' and Path(place).name == 'one.mcap'
            places.add(place)
        assert not list((tmp_path / 'here').iterdir())
    assert len(places) == 1, 'an interrupted run must find its source again'
    with brought_here(f'file://{tmp_path}/bag') as place:
        assert (Path(place) / 'one.mcap').read_bytes() == b'mcap'
    with pytest.raises(FleetError, match='gone.mcap: cannot be fetched'), brought_here(f'file://{tmp_path}/gone.mcap'):
        pass
    with pytest.raises(FleetError, match='nosuch'), brought_here('nosuch://a/b'):
        pass


def test_threads_are_told_by_the_size_of_the_network_alone():
    """A square image's step is counted without being computed, and no image of the network is worth more."""
    prepared = prepare(Settings())
    config = prepared.loaded.network.config
    counted = gflop(lambda: prepared.reconstructor.warm_up((48, 64), 1))
    assert 0 < counted <= threads_worth(config) == 1
    large = replace(config, image_size=1024)
    assert threads_worth(large) > 10 and share_of_cpu(large) == Share(AVAILABLE)
    assert share_of_cpu(config) == Share(1)


@pytest.mark.parametrize('needed, free, tasks', [(4, 80, 18), (30, 80, 2), (79, 80, 1), (100, 80, 1)])
def test_a_gpu_is_divided_by_what_is_free_of_it(needed, free, tasks):
    """As many tasks run together as its free memory has room for, and at least one."""
    part = share_of_gpu(needed << 30, free << 30).gpu
    assert int(1 / part) == tasks and 0 < part <= 1


class Here:
    """Stands for Ray: tasks in this process, one after the other; takes the cluster's place where only its use is
    asked about."""

    gpus = 0.0

    def __init__(self, address='', **_):
        """Take what is not asked for here."""

    def __enter__(self):
        """Return it."""
        return self

    def __exit__(self, *error):
        """Nothing to leave."""

    def slots(self, share):
        """One at a time."""
        return 1

    def hold(self, value):
        """Keep it."""
        return value

    def each(self, work, items, held=None, share=Share()):
        """Do them in turn, as a worker does."""
        for item in items:
            try:
                yield item, Done(work(held, item))
            except Exception as error:
                yield item, Done(failure=str(error), ours=type(error).__module__.startswith('ttt3r_ros.'))


def stay_here(monkeypatch) -> None:
    """Let tasks run in this process, of a core each."""
    monkeypatch.setattr(batches, 'Cluster', Here)
    monkeypatch.setattr(batches, 'share_of_cpu', lambda config: Share())


def test_a_source_that_fails_stops_no_other(film, tmp_path, monkeypatch, capsys):
    """It is listed with the reason and the exit status says so; resumed, what is done is left alone."""
    stay_here(monkeypatch)
    (tmp_path / 'damaged.mcap').write_bytes(b'\x89MCAP0\r\n' + bytes(100))
    arguments = ['batch', str(film), str(tmp_path / 'damaged.mcap'), 'synthetic:1:4', '--end', '3',
                 '--out', str(tmp_path / 'out')]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr().out
    assert ended.value.code == 1 and '1 failed' in told and 'damaged.mcap' in told
    account = json.loads((tmp_path / 'out/batch.json').read_text())['sources']
    assert [(one['frames'], one['verdict']) for one in account] == [(3, 'doubtful'), (0, 'failed'), (3, 'doubtful')]
    assert 'damaged' in (tmp_path / 'out/table.txt').read_text()
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2 and '--resume' in capsys.readouterr().err
    stamp = (tmp_path / 'out/synthetic-1-4/results.json').stat().st_mtime_ns
    with pytest.raises(SystemExit) as ended:
        main([*arguments, '--resume'])
    assert ended.value.code == 1 and '2 of 3 are done already' in capsys.readouterr().out
    assert (tmp_path / 'out/synthetic-1-4/results.json').stat().st_mtime_ns == stamp
    with pytest.raises(SystemExit) as ended:
        main([*arguments, '--resume', '--rule', 'cut3r'])
    assert ended.value.code == 2 and 'holds a batch of another rule (ttt3r); resume' in capsys.readouterr().err


def test_a_device_that_is_full_is_told_in_words(monkeypatch):
    """A task's GPU that others have filled is no fault of ours, whose traceback a file would keep."""
    monkeypatch.setattr(cluster, 'allow_threads', lambda threads: None)

    def full(held, item):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory. Tried to allocate 20 MiB\nmore')

    done = cluster._carry_out(full, [], 0, 1, '.')
    assert done.ours and done.failure.startswith('the device is out of memory (CUDA') and 'more' not in done.failure


def test_a_fault_of_ours_is_kept_whole(film, tmp_path, monkeypatch):
    """What no error of ours explains fails alone too; its traceback lies beside, and the other source is done."""
    stay_here(monkeypatch)
    true_run = batches.run

    def faulty(plan, *arguments, **more):
        if plan.source == str(film):
            raise KeyError('a fault')
        return true_run(plan, *arguments, **more)

    monkeypatch.setattr(batches, 'run', faulty)
    batch = Batch((str(film), 'synthetic:1:4'), tmp_path / 'out', Settings(), Selection(end=Moment(2)))
    bad, good = carry_out(batch, quiet())
    assert bad.verdict == 'failed' and 'fault' in bad.error and good.verdict == 'doubtful'
    assert 'a fault' in Path(f'{bad.folder}.failure.txt').read_text()


def test_a_folder_of_another_source_is_not_taken_for_done(film, tmp_path):
    """A run in the place of a source's, made of something else, is told and left as it is."""
    other = Plan('synthetic:1:4', tmp_path / 'out' / film.name, Settings(), Selection(end=Moment(2)))
    session.carry_out(other, quiet())
    with pytest.raises(OutputError, match='holds the run of synthetic'):
        carry_out(Batch((str(film),), tmp_path / 'out', Settings()), quiet())


def test_of_many_sources_the_table_shows_those_that_are_not_well():
    """What is well is counted and left to table.txt."""
    outcomes = [Outcome(f's{i}', f'/out/run{i:03d}', 10, 0, 1.0, 2.0, judged='good') for i in range(100)]
    outcomes[7] = replace(outcomes[7], lost=1, judged='doubtful', why=('1 image has no pose',))
    outcomes[8] = Outcome('s8', '/out/run008', error='it is [damaged]')
    outcomes[9] = replace(outcomes[9], lost=10, judged='lost')
    text = shown(outcomes_table(outcomes, Path('/out'), 40))
    assert 'doubtful: 1 image has no pose' in text and 'it is [damaged]' in text and '97 more' in text
    assert 'run009' in text and 'lost' in text.split('run009')[1]
    assert 'run050' not in text and 'run050' in shown(outcomes_table(outcomes, Path('/out')))


@pytest.mark.timeout(300)
def test_a_fleet_answers_as_one_process(film, tmp_path, monkeypatch):
    """On a Ray that is started here a source gives what `ttt3r run` gives, to the bit, and a damaged one fails alone;
    once all are done, no Ray is started any more. (test_fleet.py asks more, for minutes.)"""
    pytest.importorskip('ray', reason='the extra [fleet] brings it')
    (tmp_path / 'damaged.mcap').write_bytes(b'\x89MCAP0\r\n' + bytes(100))
    sources, chosen = (str(film), str(tmp_path / 'damaged.mcap')), Selection(start=Moment(7), end=Moment(15))
    batch = Batch(sources, tmp_path / 'out', Settings(), chosen, jobs=1)
    outcomes = carry_out(batch, quiet())
    assert [outcome.verdict for outcome in outcomes] == ['doubtful', 'failed']
    assert 'damaged.mcap' in outcomes[1].error
    serial = Plan(str(film), tmp_path / 'serial', Settings(), chosen)
    session.carry_out(serial, quiet())
    assert answers(outcomes[0].folder) == answers(serial.out)
    monkeypatch.setattr(cluster.Cluster, '__init__', lambda *_, **__: pytest.fail('there is nothing to do'))
    again, = carry_out(replace(batch, sources=sources[:1], resume=True), quiet())
    assert again.before
