"""What DingTalk's codes mean for a message.

Sources: open.dingtalk.com/document/orgapp/custom-robots-send-group-messages (the table of codes, 20
messages a minute and 10 minutes of silence after more); 130101 and 460101 as they are answered to
what is too fast and to a body above 20,000 bytes. 310000 is Retryable because it says that the
robot's security settings and ours differ, or the clocks: mended there, the same message is taken.
"""

from __future__ import annotations

from connectors.bots import Code, Verdict

PENALTY_S = 600.0
"""So long a robot is silenced that was too fast."""

CODES = {
    -1: Code(Verdict.RETRY, "the system is busy", 5.0),
    40035: Code(Verdict.REFUSED, "a parameter is missing"),
    43004: Code(Verdict.REFUSED, "a content type that it doesn't take"),
    101002: Code(Verdict.REFUSED, "a text too long"),
    130101: Code(Verdict.RETRY, "too many messages", PENALTY_S),
    310000: Code(
        Verdict.RETRY,
        "the robot's security settings refuse it: signature, clock, keyword or IP address",
    ),
    400013: Code(Verdict.GONE, "the group was dissolved"),
    400101: Code(Verdict.RETRY, "the access token is unknown; is the address whole?"),
    400102: Code(Verdict.RETRY, "the robot is switched off; switch it on in the group"),
    400105: Code(Verdict.REFUSED, "a message type that it doesn't know"),
    400106: Code(Verdict.GONE, "the robot is no more"),
    410100: Code(Verdict.RETRY, "too many messages", PENALTY_S),
    430101: Code(Verdict.REFUSED, "a link that it takes for unsafe"),
    430102: Code(Verdict.REFUSED, "words that it takes for improper"),
    430103: Code(Verdict.REFUSED, "a picture that it takes for improper"),
    430104: Code(Verdict.REFUSED, "content that it takes for improper"),
    460101: Code(Verdict.REFUSED, "a body above 20,000 bytes"),
}
