"""A disk of its own that is small, and can be filled to the last byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """Mounted at ``folder``."""

    folder: Path

    @property
    def free_bytes(self) -> int:
        return os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize

    def fill(self, *, leave_bytes: int = 0) -> None:
        """Takes all room but ``leave_bytes``, as some other program may."""
        with (self.folder / "filler").open("ab") as filler:
            at = filler.tell()
            wanted = self.free_bytes - leave_bytes
            while wanted >= 4_096:  # others take from it at the same time
                try:
                    os.posix_fallocate(filler.fileno(), at, wanted)
                    at += wanted
                except OSError:
                    pass
                wanted = min(wanted // 2, self.free_bytes - leave_bytes)

    def clear(self) -> None:
        """Gives the room back."""
        (self.folder / "filler").unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, *, size_bytes: int) -> Iterator[SmallDisk]:
    """A file system of ``size_bytes`` at the new ``folder``: in memory, or in a file where that is
    not allowed. It needs the rights of root."""
    folder.mkdir()
    image = folder.with_name(f"{folder.name}.image")
    in_memory = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    if subprocess.run(in_memory, capture_output=True, check=False).returncode:
        with image.open("wb") as file:
            file.truncate(size_bytes)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(folder)], check=True)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        image.unlink(missing_ok=True)
