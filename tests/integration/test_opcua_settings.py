"""Settings and addresses of the OPC UA source: what is refused without a network, and counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from connectors.opcua.address import Address, parse_address
from connectors.opcua.settings import OpcUaSettings, Timing

PLAIN = {"kind": "opcua", "endpoint": "opc.tcp://plc-1:4840/line"}


def _settings(**given: Any) -> OpcUaSettings:
    return OpcUaSettings.model_validate(PLAIN | given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"endpoint": "http://plc-1:4840"}, "expected an endpoint such as opc.tcp://plc-1:4840"),
        ({"endpoint": "opc.tcp://plc-1"}, "without a port"),
        ({"endpoint": "opc.tcp://plc-1:99999"}, "expected an endpoint such as"),
        ({"endpoint": "opc.tcp://me:secret@plc-1:4840"}, "use username and password_env"),
        ({"security_policy": "Basic256Sha256"}, "both None or both given"),
        (
            {"security_policy": "Basic256Sha256", "security_mode": "Sign", "certificate": "a.der"},
            "give certificate and private_key together",
        ),
        ({"certificate": "own.der", "private_key": "own.pem"}, "but security_policy is None"),
        ({"user_certificate": "a.der"}, "give user_certificate and user_private_key together"),
        (
            {"user_certificate": "a.der", "user_private_key": "a.pem", "username": "a"},
            "by username or by user_certificate; give only one",
        ),
        ({"username": "a", "password": "b", "password_env": "C"}, "give only one of password"),
        ({"password": "b"}, "a password is given without a username"),
        ({"publishing_interval_ms": 0}, "greater than 0"),
        ({"groups": {"slow": {"interval": 5}}}, "Extra inputs are not permitted"),
        ({"interval": 5}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _settings(**given)


def test_seconds_become_counts_of_the_publishing_interval() -> None:
    settings = _settings(
        publishing_interval_ms=300,
        keep_alive_s=1,
        lifetime_s=60,
        groups={"slow": {"publishing_interval_ms": 5_000, "keep_alive_s": 60, "queue_size": 1}},
    )
    assert settings.timing("main") == Timing(300, 250, 10, keep_alive_count=4, lifetime_count=200)
    assert settings.timing("slow") == Timing(5_000, 250, 1, keep_alive_count=12, lifetime_count=36)
    assert settings.session_timeout_s == 180
    assert _settings().session_timeout_s == 60


def test_a_password_comes_from_where_it_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    file.write_text("geheim\n")
    monkeypatch.setenv("PLC_PASSWORD", "geheim")
    user = {"username": "watch"}
    assert _settings(**user).secret() is None
    for given in (
        {"password": "geheim"},
        {"password_env": "PLC_PASSWORD"},
        {"password_file": file},
    ):
        assert _settings(**user, **given).secret() == "geheim"
    with pytest.raises(ValueError, match="environment variable GONE is not set"):
        _settings(**user, password_env="GONE").secret()
    with pytest.raises(ValueError, match="gone can't be read"):
        _settings(**user, password_file=tmp_path / "gone").secret()
    assert "geheim" not in repr(_settings(**user, password="geheim"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i=2258", Address(None, 0, 2258)),
        ("ns=2;s=CB-L07B.PV", Address(None, 2, "CB-L07B.PV")),
        ("nsu=urn:plc:line;s=a;b=c", Address("urn:plc:line", 0, "a;b=c")),
        ("nsu=http://x/%3B%25;i=7", Address("http://x/;%", 0, 7)),
        ("ns=3;b=AAE=", Address(None, 3, b"\x00\x01")),
        (
            "ns=1;g=09087e75-8e5e-499b-954f-f2a9603db28a",
            Address(None, 1, UUID("09087e75-8e5e-499b-954f-f2a9603db28a")),
        ),
    ],
)
def test_addresses_are_read(text: str, expected: Address) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    "text", ["", "s:a", "ns=2", "ns=70000;i=1", "i=-1", "i=4294967296", "b=!", "g=1", "nsu=;s=a"]
)
def test_a_malformed_address_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"NodeId such as|namespace index"):
        parse_address(text)
