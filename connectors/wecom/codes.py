"""What WeCom's codes mean for a message.

Sources: developer.work.weixin.qq.com/document/path/90313 (global codes: -1, 40008, 44004, 45002,
45009, 45033, 93000, 93004, 93008) and /91770 (group robots: 20 messages a minute, 4,096 bytes of
Markdown, 2,048 of text); 40058 as it is answered to what is too long.
"""

from __future__ import annotations

from connectors.bots import Code, Verdict

CODES = {
    -1: Code(Verdict.RETRY, "the system is busy", 5.0),
    40008: Code(Verdict.REFUSED, "a message type that it doesn't know"),
    40058: Code(Verdict.REFUSED, "a parameter that it doesn't take, or a text too long"),
    44004: Code(Verdict.REFUSED, "no content"),
    45002: Code(Verdict.REFUSED, "a text too long"),
    45009: Code(Verdict.RETRY, "too many messages", 60.0),
    45033: Code(Verdict.RETRY, "too many calls at once", 5.0),
    93000: Code(Verdict.GONE, "the robot's address is wrong, or it was removed from the group"),
    93004: Code(Verdict.RETRY, "the robot is switched off; switch it on in the group"),
    93008: Code(Verdict.RETRY, "the robot is not in the group"),
}
