"""What Feishu's codes mean for a message.

Sources: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot (9499, 19021, 19022, 19024,
11232; 100 messages a minute and 5 a second, 20 KB a request) and
/server-docs/api-call-guide/frequency-control (99991400); 19001, 19002 and 11233 as they are
answered. 19021, 19022 and 19024 are Retryable because they say that the bot's security settings and
ours differ, or the clocks: mended there, the same message is taken.
"""

from __future__ import annotations

from connectors.bots import Code, Verdict

CODES = {
    9499: Code(Verdict.REFUSED, "a body that it doesn't take, or one above 20 KB"),
    11232: Code(Verdict.RETRY, "too many messages", 60.0),
    11233: Code(Verdict.RETRY, "too many messages", 60.0),
    19001: Code(
        Verdict.RETRY, "the bot's address is unknown; is it whole, is the bot in the group?"
    ),
    19002: Code(Verdict.REFUSED, "a parameter that it doesn't take"),
    19021: Code(Verdict.RETRY, "signature or clock don't fit"),
    19022: Code(Verdict.RETRY, "the bot doesn't take messages from this IP address"),
    19024: Code(Verdict.RETRY, "none of the bot's keywords is in the message; set one of it"),
    99991400: Code(Verdict.RETRY, "too many messages", 60.0),
}
