"""What goes in and out of the archive's workflow and activities."""

from datetime import datetime

from workflows.message import Message

ARCHIVE = "Archive"


class Batch(Message):
    """Some closed links that are to be archived: the first ones, or those that follow `token`."""

    token: str | None = None


class BatchDone(Message):
    """What was stored of a batch that had not been before; `token` leads to the next one, None when this was the last."""

    links: int
    events: int
    token: str | None = None


class Pass(Message):
    """A look through all links that had closed by `began`."""

    began: datetime
    links: int = 0
    events: int = 0
