"""Flask and FastAPI: the app's own session, our events, one commit; the same tests for both."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import IntegrityError

from examples import fastapi_bank, flask_bank
from examples.bank import Deposited, Opened, Withdrawn
from sourcery import EventStore
from tests.databases import Database
from tests.frameworks.web import ADA, Post, history, receipts, sent


def by_flask(url: str) -> Iterator[Post]:
    """Flask's own test client."""
    app = flask_bank.create_app(url)
    app.testing = True

    def post(path: str, *, headers: dict[str, str] | None = None, **body: Any) -> int:
        return app.test_client().post(path, json=body, headers=headers or {}).status_code

    yield post
    app.extensions["sourcery"].close()
    with app.app_context():
        flask_bank.db.engine.dispose()


def by_fastapi(url: str) -> Iterator[Post]:
    """FastAPI's own test client, with the app's life span."""
    with TestClient(fastapi_bank.create_app(url)) as client:

        def post(path: str, *, headers: dict[str, str] | None = None, **body: Any) -> int:
            return client.post(path, json=body, headers=headers or {}).status_code

        yield post


@pytest.fixture(params=[by_flask, by_fastapi])
def post(request: pytest.FixtureRequest, database: Database) -> Iterator[Post]:
    """A client of the app on this test's database."""
    yield from request.param(database.url.render_as_string(hide_password=False))


def test_a_request_writes_events_messages_and_rows(post: Post, bank: EventStore) -> None:
    """All of them by the one commit of the app's session."""
    assert 201 == post("/accounts/ada", owner="Ada")
    assert 201 == post("/accounts/ada/deposits", cents=500, number="r1")
    assert [Opened("Ada"), Deposited(500)] == history(bank)
    assert (["r1"], [b'{"cents":500}']) == (receipts(bank), sent(bank))


def test_what_fails_in_the_session_undoes_the_events(post: Post, bank: EventStore) -> None:
    """The second receipt of a number is refused by the database."""
    post("/accounts/ada", owner="Ada")
    post("/accounts/ada/deposits", cents=500, number="r1")
    with pytest.raises(IntegrityError):
        post("/accounts/ada/deposits", cents=700, number="r1")
    assert ([Opened("Ada"), Deposited(500)], ["r1"]) == (history(bank), receipts(bank))


def test_what_fails_in_the_unit_undoes_the_rows(post: Post, bank: EventStore) -> None:
    """Since nobody commits."""
    assert 404 == post("/accounts/ada/deposits", cents=500, number="r1")
    assert ([], [], []) == (history(bank), receipts(bank), sent(bank))


def test_errors_become_answers(post: Post, bank: EventStore) -> None:
    """Of the domain, and of two who open one account."""
    post("/accounts/ada", owner="Ada")
    post("/accounts/ada/deposits", cents=5, number="r1")
    assert 409 == post("/accounts/ada", owner="Bob")
    assert 422 == post("/accounts/ada/withdrawals", cents=6)
    assert 201 == post("/accounts/ada/withdrawals", cents=5)
    assert [Opened("Ada"), Deposited(5), Withdrawn(5)] == history(bank)


def test_the_requests_id_is_the_correlation(post: Post, bank: EventStore) -> None:
    """In whatever thread the endpoint runs."""
    post("/accounts/ada", owner="Ada")
    post("/accounts/ada/deposits", cents=5, number="r1", headers={"X-Request-Id": "42"})
    assert "42" == [recorded.metadata.correlation_id for recorded in bank.read(ADA)][-1]


def test_requests_at_once_lose_nothing(post: Post, bank: EventStore) -> None:
    """Each is stored as a whole or answered with a conflict."""
    post("/accounts/ada", owner="Ada")
    with ThreadPoolExecutor(3) as pool:
        answers = pool.map(
            lambda n: post("/accounts/ada/deposits", cents=1, number=f"r{n}"), range(9)
        )
    counted = sorted(answers)
    stored = counted.count(201)
    assert {201, 409} >= set(counted)
    assert stored == len(receipts(bank)) == len(history(bank)) - 1 > 0
