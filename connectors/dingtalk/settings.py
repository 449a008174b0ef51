"""What a DingTalk group robot needs; validated without the network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connectors.bots import SignedBotSettings

UserId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@$-]{1,64}$", examples=["manager01"])]
Mobile = Annotated[str, Field(pattern=r"^\+?[0-9-]{5,20}$", examples=["13800138000"])]


class DingTalkSettings(SignedBotSettings):
    """A group robot whose security setting is the signature (``SEC…``).

    mention_mobiles, mention_users: whom a message calls. mention_all: everybody in the group.
    """

    kind: Literal["dingtalk"]
    mention_mobiles: tuple[Mobile, ...] = ()
    mention_users: tuple[UserId, ...] = ()
    mention_all: bool = False
