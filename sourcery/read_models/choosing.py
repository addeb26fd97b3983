"""Readers: which version to read, asked in the transaction that reads it."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from sourcery.errors import InvalidArgument, ReadModelNotServing
from sourcery.read_models.model import ReadModel
from sourcery.serving import serving_version


def serving_model(reader: Session | Connection, *models: ReadModel) -> ReadModel:
    """The one of these versions that serves, as the reader's transaction sees it.

    Read its `tables` in the same transaction. Give it every version that may serve while this
    program runs. Raises `ReadModelNotServing` when it is none of them.
    """
    if not models or len({model.name for model in models}) > 1:
        raise InvalidArgument("models", "must be versions of one read model")
    connection = reader.connection() if isinstance(reader, Session) else reader
    name = models[0].name
    serving = serving_version(connection, name)
    for model in models:
        if serving is not None and model.version == serving.version:
            return model
    known = [model.version for model in models]
    raise ReadModelNotServing(name, serving.version if serving else None, known)
