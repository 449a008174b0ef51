"""Two services never share a data folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from service.app.occupied import occupied
from service.runtime.errors import Fatal
from tests.conftest import ROOT

HOLD = """
import sys
from pathlib import Path
from service.app.occupied import occupied
with occupied(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_is_told_who_has_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Fatal, match=f"pid {other.pid} is using it"), occupied(folder):
            pass
        other.kill()
        other.wait()
    with occupied(folder):
        pass
