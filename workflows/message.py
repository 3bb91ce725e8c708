"""What all models are that go through Temporal."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """An input, a result or a message: nothing in it that is not declared, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
