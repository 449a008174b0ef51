"""Hatchling's build hook: a wheel contains the dashboard as built by Node.

An editable install takes the files of the source tree as they are; ``python -m
dashboards.web_build``
makes them.
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
    """Runs ``dashboards.web_build`` for the wheel target."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node from PyPI, for the build's own environment, where the machine has none."""
        build = _web_build()
        if self.target_name != "wheel" or build.is_current() or build.has_node():
            return []
        return [str(build.NODE_WHEEL)]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Builds what is missing or older than its sources; RuntimeError says why it cannot."""
        if self.target_name != "wheel" or version == "editable":
            return
        build = _web_build()
        try:
            build.build_web(self.app.display_info)
        except build.WebBuildError as error:
            raise RuntimeError(str(error)) from error


def _web_build() -> ModuleType:
    """``dashboards/web_build.py`` by its path: the package itself is not installed while it is
    built."""
    path = Path(__file__).resolve().parent.parent / "web_build.py"
    name = "anodewatch_web_build"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{path} is missing: the source distribution is incomplete")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by its name
    spec.loader.exec_module(module)
    return module
