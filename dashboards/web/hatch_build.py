"""Hatchling's build hook: a wheel contains the dashboard as built by Node.

An editable install takes the files of the source tree as they are;
``python -m dashboards.build`` makes them.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebBuildHook(BuildHookInterface[BuilderConfig]):
    """Runs ``dashboards.build`` for the wheel target."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI, for the build's own environment, where the machine has none."""
        steps = _steps()
        if self.target_name != "wheel" or steps.is_current() or steps.has_node():
            return []
        return [str(steps.NODE_WHEEL)]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds what is missing or older than its sources; RuntimeError says why it cannot."""
        if self.target_name != "wheel" or version == "editable":
            return
        steps = _steps()
        try:
            steps.build_web(self.app.display_info)
        except steps.WebBuildError as error:
            raise RuntimeError(str(error)) from error


def _steps() -> ModuleType:
    """``dashboards/build.py`` by its path: while a package is built it is not installed."""
    path = Path(__file__).resolve().parent.parent / "build.py"
    name = "anodewatch_build"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{path} is missing: the source distribution is incomplete")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by its name
    spec.loader.exec_module(module)
    return module
