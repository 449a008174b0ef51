"""The wheel as it is installed: whole, without what only developers need, and usable anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.conftest import ROOT

SAMPLE = ROOT / "deploy" / "sites" / "changzhi"
BUILD_S = 110.0
"""The build hook makes the dashboard first when it is not current."""
RUN_S = 60.0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT, within_s=BUILD_S)
    (built,) = folder.glob("anodewatch-*.whl")
    return built


def test_it_holds_the_service_and_the_built_dashboard_only(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = (name for name in names if name.endswith("/entry_points.txt"))
        commands = archive.read(entry_points).decode()
    assert "anodewatch = service.cli:main" in commands
    assert {
        "service/cli/__init__.py",
        "connectors/registry.py",
        "service/api/schemas/notification-2.json",
        "dashboards/__init__.py",
        "dashboards/web/dist/index.html",
        "dashboards/web/dist/api-docs/index.html",
        "dashboards/web/dist/api-docs/swagger-ui-bundle.js",
    } <= set(names)
    assert any(name.startswith("dashboards/web/dist/assets/") for name in names)

    web = [name for name in names if name.startswith("dashboards/web/")]
    assert [name for name in web if not name.startswith("dashboards/web/dist/")] == []
    for unwanted in (
        "node_modules",
        "mock",
        "tests/",
        ".ts",
        ".tsx",
        "package.json",
        "__pycache__",
    ):
        assert [name for name in names if unwanted in name] == []
    tops = {name.split("/", 1)[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "service", "connectors", "dashboards",
    }  # fmt: skip


def test_what_it_installs_checks_a_site_and_finds_its_dashboard(
    wheel: Path, tmp_path: Path
) -> None:
    target = tmp_path / "site"
    run(
        *("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"),
        *("--no-deps", "--no-compile", "--target", str(target), str(wheel)),
        cwd=tmp_path,
    )
    said = run("-P", "-m", "service.cli", "check", str(SAMPLE), cwd=tmp_path, packages=target)
    assert said.splitlines()[-1] == f"{SAMPLE} is sound"

    ask = "import dashboards, service; print(service.__file__); print(dashboards.web_folder())"
    package, web = run("-P", "-c", ask, cwd=tmp_path, packages=target).splitlines()
    assert Path(package) == target / "service" / "__init__.py"
    assert Path(web) == target / "dashboards" / "web" / "dist"
    assert (Path(web) / "index.html").is_file()


def run(*arguments: str, cwd: Path, packages: Path | None = None, within_s: float = RUN_S) -> str:
    """What Python says when it is run with ``arguments``, which must succeed.

    packages: the only folder besides the environment's own that packages are taken from.
    """
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if packages is not None:
        env["PYTHONPATH"] = str(packages)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout
