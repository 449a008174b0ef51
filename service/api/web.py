"""The built dashboard and the API's documentation page, as files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

INDEX = "index.html"
DOCS = "api-docs"

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Anodewatch</title>
<h1>The dashboard is not built</h1>
<p>The service runs; its pages are missing. Build them with <code>make web</code> in the source
tree and start the service again, or install the wheel, which contains them.</p>
<p>The API is described in <a href="/openapi.json">/openapi.json</a>.</p>
</html>
"""


class Dashboard(StaticFiles):
    """The web folder; an address that is no file is the dashboard's own and gets its page."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or scope["method"] != "GET" or not _is_page(path):
                raise
            return await super().get_response(INDEX, scope)


def serve_web(app: FastAPI, web: Path | None) -> None:
    """Adds documentation, dashboard and 404s of the API; after all other routes."""
    built = web if web is not None and (web / INDEX).is_file() else None
    documented = built is not None and (built / DOCS / INDEX).is_file()
    if built is not None and documented:
        docs = StaticFiles(directory=built / DOCS, html=True)
        app.add_api_route("/api/docs", _page(built / DOCS / INDEX), include_in_schema=False)
        app.mount("/api/docs", docs, name="docs")
    else:
        app.add_api_route("/api/docs", _not_built, include_in_schema=False)
    app.add_api_route("/api/{rest:path}", _no_such_route, include_in_schema=False)
    if built is not None:
        app.mount("/", Dashboard(directory=built, html=True), name="web")
    else:
        app.add_api_route("/", _not_built, include_in_schema=False)


def _page(file: Path) -> Callable[[], Awaitable[HTMLResponse]]:
    text = file.read_text("utf-8")

    async def page() -> HTMLResponse:
        return HTMLResponse(text)

    return page


async def _not_built() -> HTMLResponse:
    return HTMLResponse(NOT_BUILT, 503)


async def _no_such_route(rest: str) -> Response:
    raise HTTPException(404, f"there is no /api/{rest[:80]}; /openapi.json lists what there is")


def _is_page(path: str) -> bool:
    """Whether a missing file is a page: files have a suffix."""
    return "." not in path.rsplit("/", 1)[-1]
