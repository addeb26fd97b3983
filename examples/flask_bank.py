"""The bank in Flask with Flask-SQLAlchemy: its session, our events, one commit.

flask --app examples.flask_bank run
"""

from flask import Flask, request
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from examples.bank import Account, Overdrawn
from sourcery import EventStore, UnitOfWork, metadata
from sourcery.dialects import sqlite
from sourcery.errors import StreamNotFound, VersionConflict


class Base(DeclarativeBase):
    """Rows of the app's own."""


db = SQLAlchemy(model_class=Base)


class Receipt(db.Model):
    """What was paid in; written with the event or not at all."""

    __tablename__ = "receipts"

    number: Mapped[str] = mapped_column(String(50), primary_key=True)
    account: Mapped[str] = mapped_column(String(100))
    cents: Mapped[int]


def create_app(url: str = "sqlite:///bank.db") -> Flask:
    """An app with its store in `app.extensions["sourcery"]`."""
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    with app.app_context():
        app.extensions["sourcery"] = make_store()
        db.create_all()
    _add_routes(app)
    return app


def make_store() -> EventStore:
    """On Flask-SQLAlchemy's own engine, so that its sessions can be joined."""
    if db.engine.dialect.name == "sqlite":
        sqlite.configure(db.engine)  # before its first connection: writers begin as writers
    store = EventStore(db.engine, aggregates=[Account])
    store.upgrade()
    return store


def _add_routes(app: Flask) -> None:
    store: EventStore = app.extensions["sourcery"]

    @app.post("/accounts/<account>")
    def open_account(account: str) -> ResponseReturnValue:
        with UnitOfWork(store, session=db.session) as uow:
            uow.create(Account, account).open(request.json["owner"])
        db.session.commit()
        return {}, 201

    @app.post("/accounts/<account>/deposits")
    def deposit(account: str) -> ResponseReturnValue:
        cents, number = request.json["cents"], request.json["number"]
        db.session.add(Receipt(number=number, account=account, cents=cents))
        with (
            metadata(correlation_id=request.headers.get("X-Request-Id")),
            UnitOfWork(store, session=db.session) as uow,
        ):
            uow.get(Account, account).deposit(cents)
            uow.publish("payments", key=account, payload={"cents": cents})
        db.session.commit()
        return {}, 201

    @app.post("/accounts/<account>/withdrawals")
    def withdraw(account: str) -> ResponseReturnValue:
        with UnitOfWork(store, session=db.session) as uow:
            uow.get(Account, account).withdraw(request.json["cents"])
        db.session.commit()
        return {}, 201

    @app.errorhandler(Overdrawn)
    def overdrawn(error: Overdrawn) -> ResponseReturnValue:
        return {"error": str(error)}, 422

    @app.errorhandler(VersionConflict)
    def conflict(error: VersionConflict) -> ResponseReturnValue:
        return {"error": "somebody was faster: try again"}, 409

    @app.errorhandler(StreamNotFound)
    def not_found(error: StreamNotFound) -> ResponseReturnValue:
        return {"error": "no such account"}, 404
