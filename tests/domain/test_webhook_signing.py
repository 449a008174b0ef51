"""Our signer against the reference library of Standard Webhooks, in both directions."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from connectors.webhook.settings import MOST_SECRETS, WebhookSettings
from connectors.webhook.signing import TOLERANCE_S, signature, signed_headers, unverified

KEYS = st.binary(min_size=24, max_size=64)
IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=40)
TIMES = st.integers(0, 4_000_000_000)


@given(key=KEYS, message_id=IDS, timestamp_s=TIMES, body=st.text(max_size=200))
def test_it_signs_as_the_reference_library_does(
    key: bytes, message_id: str, timestamp_s: int, body: str
) -> None:
    # In UTC: the library takes the local digits of any other offset for UTC ones.
    at = datetime.fromtimestamp(timestamp_s, UTC)
    ours = signature(key, message_id=message_id, timestamp_s=timestamp_s, body=body.encode())
    assert ours == Webhook(key).sign(message_id, at, body)


@given(keys=st.lists(KEYS, min_size=1, max_size=MOST_SECRETS, unique=True), body=st.text())
def test_whoever_knows_one_of_the_secrets_is_content(keys: list[bytes], body: str) -> None:
    now_s = int(datetime.now(UTC).timestamp())
    headers = signed_headers(keys, message_id="msg_1", timestamp_s=now_s, body=body.encode())
    signatures = headers["webhook-signature"].split(" ")
    assert [s.startswith("v1,") for s in signatures] == [True] * len(keys)
    for key in keys:
        Webhook(key).verify(body, headers, json_parse=False)
        assert unverified([key], headers, body.encode(), now_s=now_s) is None
    stranger = b"x" * 23 + bytes([keys[0][0] ^ 1])
    if stranger not in keys:
        with pytest.raises(WebhookVerificationError):
            Webhook(stranger).verify(body, headers, json_parse=False)
        assert unverified([stranger], headers, body.encode(), now_s=now_s) is not None


def test_the_newest_secret_signs_first() -> None:
    headers = signed_headers([b"n" * 32, b"o" * 32], message_id="m", timestamp_s=1, body=b"{}")
    newest, oldest = headers["webhook-signature"].split(" ")
    assert newest == signature(b"n" * 32, message_id="m", timestamp_s=1, body=b"{}")
    assert oldest == signature(b"o" * 32, message_id="m", timestamp_s=1, body=b"{}")


NOW_S = 1_780_000_000
GENUINE = signed_headers([b"k" * 32], message_id="m", timestamp_s=NOW_S, body=b"{}")
FORGED = [
    ("another body", {}, b"[]", NOW_S, "no signature fits"),
    ("another id", {"webhook-id": "n"}, b"{}", NOW_S, "no signature fits"),
    ("another time", {"webhook-timestamp": str(NOW_S + 1)}, b"{}", NOW_S, "no signature fits"),
    ("no id", {"webhook-id": ""}, b"{}", NOW_S, "missing"),
    ("no time", {"webhook-timestamp": ""}, b"{}", NOW_S, "missing"),
    ("time in other digits", {"webhook-timestamp": "١"}, b"{}", NOW_S, "missing"),
    ("no signature", {"webhook-signature": ""}, b"{}", NOW_S, "no signature fits"),
    ("garbage", {"webhook-signature": "v1,é v2,x"}, b"{}", NOW_S, "no signature fits"),
    ("replayed later", {}, b"{}", NOW_S + TOLERANCE_S + 1, "301 s old"),
    ("from the future", {}, b"{}", NOW_S - TOLERANCE_S - 1, "-301 s old"),
]


@pytest.mark.parametrize(
    ("changed", "body", "now_s", "why"), [row[1:] for row in FORGED], ids=[r[0] for r in FORGED]
)
def test_what_is_not_genuine_is_not_believed(
    changed: dict[str, str], body: bytes, now_s: int, why: str
) -> None:
    assert unverified([b"k" * 32], GENUINE, b"{}", now_s=NOW_S) is None
    found = unverified([b"k" * 32], GENUINE | changed, body, now_s=now_s)
    assert found is not None
    assert why in found


def secret(letter: bytes) -> str:
    return "whsec_" + base64.b64encode(letter * 32).decode()


SECRETS = [
    ("one", secret(b"a"), 1, None),
    ("several", [secret(b"b"), secret(b"a")], 2, None),
    ("none", [], 0, "holds 1 to 5 webhook secrets; came 0"),
    ("too many", [secret(b"a")] * 6, 0, "came 6"),
    ("without its prefix", "YWFh", 0, "starts with whsec_"),
    ("too short", "whsec_YWFh", 0, "24 to 64 bytes; came 3"),
    ("no base64", "whsec_ä", 0, "base64 after"),
]


@pytest.mark.parametrize(
    ("given_", "n", "why"), [row[1:] for row in SECRETS], ids=[r[0] for r in SECRETS]
)
def test_secrets_of_settings(given_: object, n: int, why: str | None) -> None:
    fields = {"kind": "webhook", "url": "https://hooks.example/", "secret": given_}
    if why is None:
        settings = WebhookSettings.model_validate(fields)
        assert len(settings.keys()) == n
        assert "whsec_" not in repr(settings)
        return
    with pytest.raises(ValidationError, match=why):
        WebhookSettings.model_validate(fields)
