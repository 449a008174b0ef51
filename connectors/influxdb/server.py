"""InfluxDB over HTTP: probing, making the bucket, writing lines, asking; errors classified."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from influxdb_client.client.influxdb_client_async import InfluxDBClientAsync
from influxdb_client.rest import ApiException

from connectors.influxdb.influxql import identifier
from connectors.influxdb.settings import InfluxDbSettings
from service.runtime.errors import ConnectorError, Fatal, Rejected, Retryable

_TOO_OLD = re.compile(r"points beyond retention policy dropped=(\d+)")


@asynccontextmanager
async def connect(settings: InfluxDbSettings) -> AsyncIterator[Server]:
    """The server that ``settings`` name; nothing is sent yet. Raises Fatal without its secrets."""
    try:
        token, password = settings.read_token(), settings.read_password()
    except ValueError as error:
        raise Fatal(f"InfluxDB at {settings.url}: {error}") from error
    headers = {}
    if settings.username is not None:
        pair = f"{settings.username}:{password}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        token = pair  # the form in which 1.8 takes a name and password at /api/v2
    elif token is not None:
        headers["Authorization"] = f"Token {token}"
    base = str(settings.url).rstrip("/")
    timeout = aiohttp.ClientTimeout(total=settings.timeout_s)
    tls = aiohttp.TCPConnector(ssl=settings.verify_tls)
    async with (
        aiohttp.ClientSession(connector=tls, headers=headers, timeout=timeout) as session,
        InfluxDBClientAsync(
            base,
            token=token,
            org=settings.org,
            timeout=timeout,
            verify_ssl=settings.verify_tls,
            enable_gzip=settings.gzip,
        ) as client,
    ):
        yield Server(base, settings, session, client)


class Server:
    """One InfluxDB. It is probed, and its bucket made, before the first use and after a 404."""

    def __init__(
        self,
        base: str,
        settings: InfluxDbSettings,
        session: aiohttp.ClientSession,
        client: InfluxDBClientAsync,
    ) -> None:
        self.name = f"InfluxDB at {base}"
        self._base = base
        self._settings = settings
        self._session = session
        self._writes = client.write_api()
        self._ready = False

    async def write(self, body: bytes) -> int:
        """Writes lines with times in ns; returns how many the server dropped as too old to keep.

        Raises Retryable or Rejected; of a partial write, the lines that are good are stored.
        """
        await self._prepare()
        try:
            await self._writes.write(
                bucket=self._settings.bucket, record=body, write_precision="ns"
            )
        except ApiException as error:
            words = (error.body or b"").decode(errors="replace")
            too_old = _TOO_OLD.search(words)
            if too_old is not None:
                return int(too_old[1])
            raise self._refusal(error.status, words, error.headers or {}, "the write") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._away(error) from error
        return 0

    async def query(self, statement: str) -> bytes:
        """The answer to an InfluxQL query as JSON, times in ns. Raises Retryable or Rejected."""
        await self._prepare()
        return await self._query(statement)

    async def _prepare(self) -> None:
        if self._ready:
            return
        version = await self._ping()
        if version.startswith("2"):
            await self._make_bucket()
        elif not version.startswith("3"):  # 3.x makes a database when it is first written to
            await self._make_database()
        self._ready = True

    async def _ping(self) -> str:
        """The version; ``/ping`` is the one probe that every version has."""
        status, _, headers = await self._request("GET", "/ping")
        if status >= 500 or status in (401, 429):
            raise self._refusal(status, "", headers, "/ping")
        return headers.get("X-Influxdb-Version", "").lstrip("v")

    async def _make_database(self) -> None:
        settings = self._settings
        statements = [f"CREATE DATABASE {identifier(settings.database)}"]
        if settings.retention_policy not in (None, "autogen"):
            statements.append(
                f"CREATE RETENTION POLICY {identifier(str(settings.retention_policy))} "
                f"ON {identifier(settings.database)} DURATION INF REPLICATION 1"
            )
        for statement in statements:
            status, body, headers = await self._request("POST", "/query", form={"q": statement})
            if status >= 300 and status != 403:  # without that right, it may be there all the same
                raise self._refusal(status, body.decode(errors="replace"), headers, statement)

    async def _make_bucket(self) -> None:
        settings = self._settings
        asked = {"name": settings.bucket, "org": settings.org}
        found = await self._api("GET", "/api/v2/buckets", query=asked)
        if found is None or found.get("buckets"):
            return
        orgs = await self._api("GET", "/api/v2/orgs", query={"org": settings.org})
        if orgs is not None and orgs.get("orgs"):
            bucket = {"orgID": orgs["orgs"][0]["id"], "name": settings.bucket, "retentionRules": []}
            await self._api("POST", "/api/v2/buckets", json=bucket)

    async def _api(self, method: str, path: str, **what: Any) -> dict[str, Any] | None:
        """An answer of the 2.x API; None where the token has no right to ask."""
        status, body, headers = await self._request(method, path, **what)
        if status in (403, 404):
            return None
        if status >= 300:
            raise self._refusal(status, body.decode(errors="replace"), headers, path)
        answer: dict[str, Any] = orjson.loads(body)
        return answer

    async def _query(self, statement: str) -> bytes:
        asked = {"db": self._settings.database, "epoch": "ns"}
        if self._settings.retention_policy is not None:
            asked["rp"] = self._settings.retention_policy
        status, body, headers = await self._request(
            "POST", "/query", query=asked, form={"q": statement}
        )
        if status >= 300:
            raise self._refusal(status, body.decode(errors="replace"), headers, "the query")
        return body

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
    ) -> tuple[int, bytes, Mapping[str, str]]:
        try:
            async with self._session.request(
                method, self._base + path, params=query, data=form, json=json
            ) as answer:
                return answer.status, await answer.read(), answer.headers
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> ConnectorError:
        if isinstance(error, aiohttp.ClientSSLError):
            return Rejected(f"{self.name}: no trust in its certificate, or no TLS there: {error}")
        if isinstance(error, TimeoutError):
            return Retryable(f"{self.name} gave no answer within {self._settings.timeout_s} s")
        return Retryable(f"{self.name} can't be reached: {error or type(error).__name__}")

    def _refusal(
        self, status: int, words: str, headers: Mapping[str, str], what: str
    ) -> ConnectorError:
        message = f"{self.name} answered {status} to {what}: {words.strip()[:2_000] or 'no words'}"
        if status == 429 or status >= 500:
            return Retryable(message, retry_after_s=_seconds(headers.get("Retry-After")))
        if status == 404:
            self._ready = False  # the bucket may have been dropped; look again before the next use
        if status == 401:
            message += "; check the token, or username and password, of the history"
        if "partial write" in words:
            message += "; the other lines of the request are stored"
        return Rejected(message)


def _seconds(retry_after: str | None) -> float | None:
    """``Retry-After`` in its form of seconds; the form of a date is not used by InfluxDB."""
    try:
        return max(0.0, float(retry_after)) if retry_after else None
    except ValueError:
        return None
