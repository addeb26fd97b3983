"""OpenTelemetry: spans of the real SDK, and who is linked to whom."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, StatusCode

from sourcery import Consumer, EventStore, Recorded, Stream, UnitOfWork, metadata
from sourcery.ext.otel import OpenTelemetryObserver
from tests.databases import Database
from tests.domain import ADA, Deposited, Note, Opened, Remarked, append, make_notes, open_bank
from tests.ordering.support import wait_until
from tests.relay.support import Broker, publish, relay
from tests.subscriber.conftest import Running
from tests.subscriber.support import Fails, deposit, ignore, policy, status_of, subscriber

SECRET = "nobody but the two of them knows"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Where the spans end up."""
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    """A tracer provider of this test alone."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


@pytest.fixture
def traced(database: Database, provider: TracerProvider) -> Iterator[EventStore]:
    """A store with the observer."""
    with open_bank(database, observers=[OpenTelemetryObserver(provider)]) as store:
        make_notes(store.engine)
        yield store


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    """The finished spans of a name."""
    return [span for span in exporter.get_finished_spans() if span.name == name]


def linked(span: ReadableSpan) -> list[int]:
    """Ids of the spans it is linked to."""
    return [link.context.span_id for link in span.links]


def id_of(span: Any) -> int:
    """Its own id."""
    context: SpanContext = span.get_span_context()
    return context.span_id


def caught_up(store: EventStore) -> None:
    """The subscriber has reached the end."""
    wait_until(lambda: str(status_of(store)) == "live")


def test_an_append_is_a_child_of_what_goes_on(
    traced: EventStore, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """With its numbers; and its events carry the span that asked for them."""
    with provider.get_tracer("test").start_as_current_span("request") as request:
        uow = append(traced, ADA, [Opened("Ada"), Deposited(1)])
    [span] = named(exporter, "append")
    assert span.parent is not None
    assert id_of(request) == span.parent.span_id
    expected = {
        "sourcery.categories": "account",
        "sourcery.streams": 1,
        "sourcery.events": 2,
        "sourcery.messages": 0,
        "sourcery.joined": False,
        "sourcery.first_position": uow.token.first,
        "sourcery.last_position": uow.token.last,
    }
    assert expected == dict(span.attributes or {})
    assert {f"{id_of(request):016x}"} == {
        (r.metadata.traceparent or "").split("-")[2] for r in traced.read(ADA)
    }


def test_without_a_span_the_metadata_stays(traced: EventStore) -> None:
    """Whoever names a trace context is believed."""
    mine = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    with metadata(traceparent=mine):
        append(traced, ADA, [Opened("Ada")])
    assert [mine] == [recorded.metadata.traceparent for recorded in traced.read(ADA)]


def test_a_live_page_links_to_what_caused_it(
    traced: EventStore, provider: TracerProvider, exporter: InMemorySpanExporter, running: Running
) -> None:
    """It begins a trace of its own, wherever the worker was started."""
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("program"):
        running(subscriber(traced, ignore))
        caught_up(traced)
    with tracer.start_as_current_span("request") as request:
        deposit(traced)
    wait_until(lambda: bool(named(exporter, "handle notes")))
    [page] = named(exporter, "handle notes")
    assert page.parent is None
    assert [id_of(request)] == linked(page)
    assert 1 == (page.attributes or {})["sourcery.events"]


def test_a_rebuild_links_to_nothing(
    traced: EventStore, provider: TracerProvider, exporter: InMemorySpanExporter, running: Running
) -> None:
    """From the origin, and again after a rewind."""
    with provider.get_tracer("test").start_as_current_span("request"):
        deposit(traced, count=3)
    running(subscriber(traced, ignore))
    caught_up(traced)
    Consumer(traced, "notes").rewind(0)
    wait_until(lambda: len(named(exporter, "handle notes")) > 1)
    spans = named(exporter, "handle notes")
    assert [[]] * len(spans) == [linked(span) for span in spans]
    assert {True} == {(span.attributes or {})["sourcery.catching_up"] for span in spans}


def remark(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
    """Lead to another event, once."""
    if isinstance(recorded.event, Deposited):
        uow.append(Stream("talk", "a"), [Remarked("seen")])


def test_what_a_handler_records_belongs_to_its_page(
    traced: EventStore, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """Not to the trace of the request, though it is of the same correlation."""
    with provider.get_tracer("test").start_as_current_span("request"):
        deposit(traced)
    subscriber(traced, remark, events=Deposited).drain()
    [page] = named(exporter, "handle notes")
    [seen] = traced.read(Stream("talk", "a"))
    assert f"{id_of(page):016x}" == (seen.metadata.traceparent or "").split("-")[2]


def test_a_message_carries_its_trace_and_its_batch_links_to_it(
    traced: EventStore, provider: TracerProvider, exporter: InMemorySpanExporter, running: Any
) -> None:
    """The header is the one of whoever published; the publisher's call is a span of its own."""
    broker = Broker()
    running(relay(traced, broker))
    publish(traced, [1])
    wait_until(lambda: len(broker.sent) == 1)
    with provider.get_tracer("test").start_as_current_span("request") as request:
        publish(traced, [2])
    wait_until(lambda: len(named(exporter, "publish payments")) == 2)
    span = named(exporter, "publish payments")[-1]
    assert (None, [id_of(request)]) == (span.parent, linked(span))
    assert f"{id_of(request):016x}" == broker.sent[-1].headers["traceparent"].split("-")[2]
    assert 1 == (span.attributes or {})["sourcery.sent"]


def test_an_error_is_told_by_its_class_alone(
    traced: EventStore, exporter: InMemorySpanExporter
) -> None:
    """Its text may quote a payload."""

    def fail(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        uow.session.add_all([Note(text=SECRET), Note(text=SECRET)])

    deposit(traced)
    subscriber(traced, fail, on_error=policy("skip")).drain()
    span: ReadableSpan = named(exporter, "handle notes")[0]
    assert (StatusCode.ERROR, "IntegrityError") == (
        span.status.status_code,
        span.status.description,
    )
    assert SECRET not in told(exporter.get_finished_spans())


def told(spans: Sequence[ReadableSpan]) -> str:
    """All that is exported."""
    return "".join(span.to_json() for span in spans)


def test_a_failing_handler_has_one_span_for_each_attempt(
    traced: EventStore, exporter: InMemorySpanExporter
) -> None:
    """So that what was tried can be seen."""
    deposit(traced)
    subscriber(traced, Fails(["ada 1"]), on_error=policy("skip", 2)).drain()
    codes = [span.status.status_code for span in named(exporter, "handle notes")]
    assert [StatusCode.ERROR] * 3 == codes
