"""Services that are there to be killed: started within a moment, each in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

WAIT_S = 60.0


@dataclass
class Victim:
    """A service; ended by ``kill``, by itself at its point, or by ``stop``."""

    pid: int
    said: queue.Queue[str]
    ended: bool = False

    def ready(self) -> str:
        """Its address, once it can be reached."""
        return self._next("dashboard")

    def kill(self) -> int:
        """Ends it as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)
        return self.wait()

    def end_after(self, seconds: float) -> None:
        """Ends it then, unless it has ended by itself."""
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """Ends it in order."""
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """How it ended: its exit code, or minus the signal's number."""
        return int(self._next("ended"))

    def _next(self, word: str) -> str:
        while True:
            key, _, rest = self.said.get(timeout=WAIT_S).partition(" ")
            self.ended = key == "ended"
            if key == word:
                return rest
            assert not self.ended, f"it ended with {rest} before it said {word}"


class Victims:
    """Starts them, one at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._said: queue.Queue[str] = queue.Queue()
        self._last: Victim | None = None
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def start(self, site: Path, point: str | None = None, count: int = 1) -> Victim:
        """A service of ``site``, which logs beside it; it dies when it comes to ``point`` for the
        ``count``-th time."""
        log = site.parent / "service.log"
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(json.dumps([str(site), str(log), point, count]) + "\n")
        stdin.flush()
        said = self._said.get(timeout=WAIT_S)
        self._last = Victim(int(said.removeprefix("pid ")), self._said)
        return self._last

    def clear(self) -> None:
        """Ends what a test that failed left running."""
        if self._last is not None and not self._last.ended:
            self._last.kill()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(line.strip())


@contextmanager
def victims() -> Iterator[Victims]:
    """What starts services."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.child"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )
    try:
        yield Victims(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
