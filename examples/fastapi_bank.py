"""The bank in FastAPI, by endpoints that are plain functions: your session, our events, one commit.

uvicorn --factory examples.fastapi_bank:create_app
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from examples.bank import Account, Overdrawn
from sourcery import EventStore, UnitOfWork, metadata
from sourcery.dialects import sqlite
from sourcery.errors import StreamNotFound, VersionConflict


class Base(DeclarativeBase):
    """Rows of the app's own."""


class Receipt(Base):
    """What was paid in; written with the event or not at all."""

    __tablename__ = "receipts"

    number: Mapped[str] = mapped_column(String(50), primary_key=True)
    account: Mapped[str] = mapped_column(String(100))
    cents: Mapped[int]


class Opening(BaseModel):
    """A request to open an account."""

    owner: str


class Payment(BaseModel):
    """A request to pay in."""

    cents: int
    number: str


class Withdrawal(BaseModel):
    """A request to take out."""

    cents: int


def session_of(request: Request) -> Iterator[Session]:
    """The request's session. The endpoint commits; whatever it did not is undone."""
    with request.app.state.sessions() as session:
        yield session


def store_of(request: Request) -> EventStore:
    """The app's store."""
    store: EventStore = request.app.state.store
    return store


InSession = Annotated[Session, Depends(session_of)]
InStore = Annotated[EventStore, Depends(store_of)]


def create_app(url: str = "sqlite:///bank.db") -> FastAPI:
    """An app on one engine, which the store shares with the app's sessions."""
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        sqlite.configure(engine)  # before its first connection: writers begin as writers
    store = EventStore(engine, aggregates=[Account])

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store.upgrade()
        Base.metadata.create_all(engine)
        yield
        store.close()
        engine.dispose()

    app = FastAPI(lifespan=lifespan)
    app.state.sessions, app.state.store = sessionmaker(engine), store
    app.middleware("http")(with_metadata)
    app.post("/accounts/{account}", status_code=201)(open_account)
    app.post("/accounts/{account}/deposits", status_code=201)(deposit)
    app.post("/accounts/{account}/withdrawals", status_code=201)(withdraw)
    for error, answer in _ANSWERS.items():
        app.exception_handler(error)(answer)
    return app


async def with_metadata(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Everything recorded by the request carries its id, in whatever thread the endpoint runs."""
    with metadata(correlation_id=request.headers.get("X-Request-Id")):
        return await call_next(request)


def open_account(account: str, body: Opening, session: InSession, store: InStore) -> None:
    """Begin an account."""
    with UnitOfWork(store, session=session) as uow:
        uow.create(Account, account).open(body.owner)
    session.commit()


def deposit(account: str, body: Payment, session: InSession, store: InStore) -> dict[str, int]:
    """Pay in."""
    session.add(Receipt(number=body.number, account=account, cents=body.cents))
    with UnitOfWork(store, session=session) as uow:
        held = uow.get(Account, account)
        held.deposit(body.cents)
        uow.publish("payments", key=account, payload={"cents": body.cents})
    session.commit()
    return {"cents": held.cents}


def withdraw(account: str, body: Withdrawal, session: InSession, store: InStore) -> None:
    """Take out."""
    with UnitOfWork(store, session=session) as uow:
        uow.get(Account, account).withdraw(body.cents)
    session.commit()


def _overdrawn(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 422)


def _conflict(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "somebody was faster: try again"}, 409)


def _not_found(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "no such account"}, 404)


_ANSWERS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    Overdrawn: _overdrawn,
    StreamNotFound: _not_found,
    VersionConflict: _conflict,
}
