"""What a Feishu or Lark custom bot needs; validated without the network."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connectors.bots import SignedBotSettings

UserId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["ou_18eac85d35a26f98"])]


class FeishuSettings(SignedBotSettings):
    """A custom bot whose security setting is the signature.

    mention_users: open or user ids that a message calls; custom bots can't call by number.
    mention_all: everybody in the group.
    """

    kind: Literal["feishu"]
    mention_users: tuple[UserId, ...] = ()
    mention_all: bool = False
