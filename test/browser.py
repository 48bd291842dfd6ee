# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that opens a page, and says what it shows."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pytest
from websockets.sync.client import connect

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')
IN_A_BROWSER = [pytest.mark.heavy, pytest.mark.timeout(600),
                pytest.mark.skipif(CHROMIUM is None, reason='no Chromium: apt install chromium')]
FLAGS = ('--headless', '--no-sandbox', '--enable-unsafe-swiftshader', '--hide-scrollbars', '--no-first-run',
         '--remote-allow-origins=*')
PRESS = """(text => { const found = [...document.querySelectorAll('button')].find(b => b.textContent.includes(text));
    if (found && !found.dataset.pressed) { found.dataset.pressed = true; found.click() }; return !!found })(%s)"""
COUNT = 'window.drawn = 0; (function next() { window.drawn++; requestAnimationFrame(next); })()'


class Browser:
    """One page of a size, in pixels; use as a context manager."""

    def __init__(self, folder: Path, size: tuple[int, int] = (1280, 720)) -> None:
        """Start it with its profile in a folder."""
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        self._process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f'--remote-debugging-port={port}', f'--user-data-dir={folder}', 'about:blank'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._number = 0
        self._socket = connect(self._page(port), max_size=None)
        self.call('Emulation.setDeviceMetricsOverride', width=size[0], height=size[1], deviceScaleFactor=1,
                  mobile=False)

    def __enter__(self) -> Browser:
        """Return it."""
        return self

    def __exit__(self, *error: object) -> None:
        """End it."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(20)

    def call(self, method: str, **parameters: object) -> dict:
        """Call a method of the DevTools protocol and return its result."""
        answer = self._ask(method, **parameters)
        assert 'error' not in answer, answer
        return answer['result']

    def open(self, url: str) -> None:
        """Open a page and wait for its own files; what its socket brings comes later."""
        self.call('Page.navigate', url=url)
        end = time.monotonic() + 120
        while True:  # until the new page has taken the old one's place, there is none
            answer = self._ask('Runtime.evaluate', expression='location.href + document.readyState')
            if answer.get('result', {}).get('result', {}).get('value') == f'{url}/complete':
                return
            assert time.monotonic() < end, answer
            time.sleep(0.2)

    def picture(self) -> np.ndarray:
        """Return what is seen, uint8 (h, w, 3)."""
        data = base64.b64decode(self.call('Page.captureScreenshot', format='png')['data'])
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]

    def press(self, text: str) -> bool:
        """Press the first button with a text; return whether there was one, which pressed is not pressed again."""
        return self.call('Runtime.evaluate', expression=PRESS % json.dumps(text))['result']['value']

    def press_close(self) -> None:
        """Close the notes that lie over the page."""
        self.call('Runtime.evaluate', expression="document.querySelectorAll('[class*=Notification-close]').forEach("
                                                 "found => found.click())")

    def frames_a_second(self, seconds: float = 5.0) -> float:
        """Return how often it draws while somebody looks around with the mouse."""
        self.call('Runtime.evaluate', expression=COUNT)
        place = {'x': 500, 'y': 400, 'button': 'left', 'buttons': 1}
        self.call('Input.dispatchMouseEvent', type='mousePressed', clickCount=1, **place)
        begun, moves = time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            moves += 1
            self.call('Input.dispatchMouseEvent', type='mouseMoved', **place | {'x': 500 + moves % 50})
        took = time.monotonic() - begun
        drawn = self.call('Runtime.evaluate', expression='window.drawn')['result']['value']
        self.call('Input.dispatchMouseEvent', type='mouseReleased', clickCount=1, **place)
        return drawn / took

    def _ask(self, method: str, **parameters: object) -> dict:
        self._number += 1
        self._socket.send(json.dumps({'id': self._number, 'method': method, 'params': parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=120))
            if answer.get('id') == self._number:
                return answer

    def _page(self, port: int) -> str:
        end = time.monotonic() + 60
        while True:
            try:
                pages = json.load(urllib.request.urlopen(f'http://127.0.0.1:{port}/json', timeout=10))
                return next(page['webSocketDebuggerUrl'] for page in pages if page['type'] == 'page')
            except (OSError, StopIteration):
                assert time.monotonic() < end and self._process.poll() is None, 'Chromium does not start'
                time.sleep(0.2)
