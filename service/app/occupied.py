"""One service at a time in a data folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.runtime.errors import Fatal

FILE = "service.lock"


@contextmanager
def occupied(folder: Path) -> Iterator[None]:
    """Holds ``folder`` (made when missing) for this process; the kernel lets go however it ends.

    Fatal when another process holds it: two services would give the same journal positions twice.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILE).open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise Fatal(
                f"service.data {folder}: {holder} is using it; stop that service, or give this one "
                f"a folder of its own (service.data or --data)"
            ) from error
        lock.truncate(0)
        lock.write(f"anodewatch with pid {os.getpid()}")
        lock.flush()
        yield
