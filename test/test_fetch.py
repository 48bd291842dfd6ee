# SPDX-License-Identifier: Apache-2.0
"""Published weights by name, from a small hub of our own: whole and right, or a line that says what to do."""

import hashlib
import logging
import re
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch
from safetensors import safe_open
from test_checkpoint import SMALL, fixed, write

from ttt3r_ros.cli.main import main
from ttt3r_ros.fetching import download as downloading
from ttt3r_ros.fetching.published_weights import PUBLISHED
from ttt3r_ros.model.assembly import UNREAD
from ttt3r_ros.model.cache import FETCHED, fetched_file
from ttt3r_ros.model.checkpoint import CheckpointError, load_network


@dataclass
class Hub:
    """Files by path; cuts: after how many bytes the next answers end; asked: (path, Range) of every request."""

    files: dict[str, bytes]
    cuts: list[int] = field(default_factory=list)
    resumes: bool = True
    busy: int = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)


def handler_of(hub):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            wanted = self.headers.get('Range')
            hub.asked.append((self.path, wanted))
            if hub.busy:
                hub.busy -= 1
                self.send_error(503)
            elif '/resolve/main/' in self.path and self.path.replace('/resolve/main', '') in hub.files:
                self.send_response(302)  # as the hub does, to where its large files lie
                self.send_header('Location', '/store' + self.path.replace('/resolve/main', ''))
                self.end_headers()
            elif self.path.removeprefix('/store') in hub.files:
                self.answer(hub.files[self.path.removeprefix('/store')], wanted if hub.resumes else None)
            else:
                self.send_error(404)

        def answer(self, data, wanted):
            start = int(re.fullmatch(r'bytes=(\d+)-', wanted)[1]) if wanted else 0
            self.send_response(206 if wanted else 200)
            self.send_header('Content-Length', str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start:start + hub.cuts.pop(0) if hub.cuts else None])
    return Handler


@pytest.fixture(scope='module')
def published(tmp_path_factory):
    """Return the bytes of a small file in the published form."""
    path = tmp_path_factory.mktemp('published') / 'small.pth'
    with open(write(path, fixed(SMALL)), 'rb') as file:
        return file.read()


@pytest.fixture
def hub(published, tmp_path, monkeypatch):
    """Serve that file in both places of cut3r-512 on loopback, with an empty cache."""
    weights = replace(PUBLISHED['cut3r-512'], size=len(published), sha256=hashlib.sha256(published).hexdigest())
    monkeypatch.setitem(PUBLISHED, 'cut3r-512', weights)
    monkeypatch.setenv('TTT3R_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    monkeypatch.setattr(downloading, 'PAUSE_S', 0.0)
    hub = Hub({f'/{place}': published for place in weights.places})
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler_of(hub))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv('HF_ENDPOINT', f'http://127.0.0.1:{server.server_port}')
    yield hub
    server.shutdown()
    server.server_close()


def fetch(*arguments):
    """Run the command; return its exit status."""
    with pytest.raises(SystemExit) as ended:
        main(['fetch', *(arguments or ('cut3r-512', '--accept-licence'))])
    return ended.value.code


def left(tmp_path):
    """Return the names in the cache."""
    return {file.name for file in (tmp_path / 'cache').glob('*')}


def test_a_name_becomes_weights_that_load(hub, tmp_path, caplog):
    """The licence is shown, the file arrives as bfloat16 under the name that the node takes, and is asked for once."""
    caplog.set_level(logging.INFO)
    assert fetch() == 0
    assert 'CC BY-NC-SA 4.0' in caplog.text and 'weights:=cut3r-512' in caplog.text
    assert left(tmp_path) == {'cut3r-512.safetensors'}
    with safe_open(fetched_file('cut3r-512'), framework='pt') as file:
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.bfloat16}
    loaded = load_network('cut3r-512')
    assert loaded.trained and 'NC' in loaded.license
    theirs, ours = fixed(SMALL).state_dict(), loaded.network.state_dict()
    assert all(torch.equal(tensor, theirs[name].bfloat16().float()) for name, tensor in ours.items()
               if name not in UNREAD)  # left out of the file
    asked = len(hub.asked)
    assert fetch() == 0 and len(hub.asked) == asked


def test_a_cut_transfer_goes_on_where_it_was(hub, published, tmp_path):
    """Cut within a call and between two of them, each byte is brought once."""
    hub.cuts = [1000, 5000]
    assert fetch() == 0
    assert [wanted for path, wanted in hub.asked if path.startswith('/store')] == [None, 'bytes=1000-', 'bytes=6000-']
    fetched_file('cut3r-512').unlink()
    (tmp_path / 'cache' / 'cut3r_512_dpt_4_64.pth.part').write_bytes(published[:7000])
    hub.asked.clear()
    assert fetch() == 0 and hub.asked[-1][1] == 'bytes=7000-'


def test_a_server_that_cannot_go_on_begins_again(hub, published, tmp_path):
    """What was there is not put before the whole file."""
    hub.resumes = False
    (tmp_path / 'cache').mkdir()
    (tmp_path / 'cache' / 'cut3r_512_dpt_4_64.pth.part').write_bytes(published[:7000])
    assert fetch() == 0 and fetched_file('cut3r-512').is_file()


def test_a_busy_server_is_asked_again(hub):
    """A 503 or two is no refusal."""
    hub.busy = 2
    assert fetch() == 0


def test_a_wrong_file_is_not_kept(hub, published, tmp_path, capsys, caplog):
    """Other bytes of the same length are refused by their hash, each place in turn, and nothing of them is left."""
    hub.files = {path: bytes(len(published)) for path in hub.files}
    assert fetch() == 2 and left(tmp_path) == set()
    told = capsys.readouterr().err.splitlines()[-1]
    assert 'sha256' in told and 'is wanted' in told and 'drive.google.com' in told
    assert 'asking another' in caplog.text


def test_the_second_place_helps_out(hub):
    """A file that the first place no longer has comes from the second."""
    del hub.files[f'/{PUBLISHED["cut3r-512"].places[0]}']
    assert fetch() == 0 and 'lmms-lab-si' in hub.asked[-1][0]


def test_another_size_is_refused_before_it_is_brought(hub, tmp_path, capsys):
    """A file of other length is another file."""
    hub.files = {path: data + b'more' for path, data in hub.files.items()}
    assert fetch() == 2 and 'another file' in capsys.readouterr().err
    assert not {file for file in (tmp_path / 'cache').glob('*') if file.stat().st_size}


def test_without_a_network_one_line_says_so(hub, tmp_path, monkeypatch, capsys):
    """And what was brought before stays."""
    hub.cuts = [1000] + [0] * 20
    assert fetch() == 2
    assert 'the next call goes on there' in capsys.readouterr().err
    monkeypatch.setenv('HF_ENDPOINT', 'http://127.0.0.1:9')
    assert fetch() == 2
    told = capsys.readouterr().err
    assert 'is there a network' in told and 'Traceback' not in told
    assert (tmp_path / 'cache' / 'cut3r_512_dpt_4_64.pth.part').stat().st_size == 1000


def test_nothing_is_fetched_without_a_yes(hub, monkeypatch, capsys):
    """Neither where nobody can be asked nor where the answer is no."""
    assert fetch('cut3r-512') == 2 and '--accept-licence' in capsys.readouterr().err
    monkeypatch.setattr('sys.stdin.isatty', lambda: True, raising=False)
    monkeypatch.setattr('builtins.input', lambda _: 'no')
    assert fetch('cut3r-512') == 2 and 'nothing is fetched' in capsys.readouterr().err
    assert hub.asked == []
    monkeypatch.setattr('builtins.input', lambda _: 'yes')
    assert fetch('cut3r-512') == 0


def test_weights_that_nobody_serves_say_where_they_are(hub, capsys):
    """The smaller ones are on the authors' drive alone."""
    assert fetch('cut3r-224') == 2
    assert 'drive.google.com' in capsys.readouterr().err and hub.asked == []


@pytest.mark.parametrize('name', FETCHED)
def test_a_name_that_was_not_fetched_says_how(hub, name):
    """Wherever weights are loaded."""
    with pytest.raises(CheckpointError, match=f'ttt3r fetch {name}'):
        load_network(name)


def test_every_name_is_published():
    """What a node takes and what can be fetched are the same names."""
    assert set(FETCHED) == set(PUBLISHED)


def test_a_cache_that_cannot_be_written_is_told(hub, monkeypatch, capsys):
    """By the variable that names another."""
    monkeypatch.setenv('TTT3R_CACHE', '/dev/null/cache')
    assert fetch() == 2 and 'TTT3R_CACHE names another folder' in capsys.readouterr().err
