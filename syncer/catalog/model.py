"""What all parts of a mapping file share: strict, closed to unknown keys, unchangeable once read."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A mapping of keys in the file; types are taken as written, unknown keys are faults."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
