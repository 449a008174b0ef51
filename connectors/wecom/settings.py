"""What a WeCom group robot needs; validated without the network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connectors.bots import BotSettings

UserId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@-]{1,64}$", examples=["zhangsan"])]
Mobile = Annotated[str, Field(pattern=r"^(\+?[0-9]{5,20}|@all)$", examples=["13800138000"])]


class WeComSettings(BotSettings):
    """A group robot.

    mention_users: user ids that a message calls. mention_mobiles: mobile numbers, or ``@all``;
    WeCom calls by number only in plain text, so such a message goes without Markdown.
    """

    kind: Literal["wecom"]
    mention_users: tuple[UserId, ...] = ()
    mention_mobiles: tuple[Mobile, ...] = ()
