"""Spans for OpenTelemetry: one for each append, page, and call of a publisher.

    store = EventStore(url, observers=[OpenTelemetryObserver()])

What is recorded or published carries the current span's context, as `traceparent` in its
metadata and in the headers of messages. A page and a batch each begin a trace of their own and
link to those of their events or messages: a consumer is no part of a request that has long been
answered. Nothing is linked while a consumer catches up, so that a rebuild of a million events
does not touch a million traces. Spans hold names and numbers, never payloads, nor the texts of
errors, which may quote them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Final

from sourcery.ext.extras import needs
from sourcery.messages import Outcome
from sourcery.observing import ObservedAppend, ObservedBatch, ObservedPage, Observer

with needs("tracing", "otel"):
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_HEADER: Final = "traceparent"
#: Links of one span at most: no more are kept by OpenTelemetry's default.
LINKS: Final = 128
_propagator: Final = TraceContextTextMapPropagator()

_Attributes = Mapping[str, str | int | bool]


class OpenTelemetryObserver(Observer):
    """Makes spans by a tracer provider; by the global one unless another is given."""

    def __init__(self, tracer_provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("sourcery", tracer_provider=tracer_provider)

    @contextmanager
    def appending(self, append: ObservedAppend) -> Generator[None]:
        streams = sorted({stream.category for stream in append.streams})
        attributes: dict[str, str | int | bool] = {
            "sourcery.categories": ",".join(streams),
            "sourcery.streams": len(append.streams),
            "sourcery.events": append.events,
            "sourcery.messages": append.messages,
            "sourcery.joined": append.joined,
        }
        with self._span("append", trace.SpanKind.INTERNAL, attributes) as span:
            yield
            if append.token is not None:
                span.set_attribute("sourcery.first_position", append.token.first)
                span.set_attribute("sourcery.last_position", append.token.last)

    @contextmanager
    def handling(self, page: ObservedPage) -> Generator[None]:
        attributes: dict[str, str | int | bool] = {
            "sourcery.consumer": page.consumer,
            "sourcery.shard": page.shard,
            "sourcery.catching_up": page.catching_up,
            "sourcery.letter": page.is_letter,
            "sourcery.first_position": page.first,
        }
        name = f"handle {page.consumer}"
        with self._span(name, trace.SpanKind.CONSUMER, attributes, context=Context()) as span:
            try:
                yield
            finally:
                span.set_attribute("sourcery.last_position", page.last)
                span.set_attribute("sourcery.events", page.handled)
                if not page.catching_up:
                    _link(span, page.traceparents())

    @contextmanager
    def publishing(self, batch: ObservedBatch) -> Generator[None]:
        topics = sorted({message.topic for message in batch.messages})
        attributes: dict[str, str | int | bool] = {
            "sourcery.relay": batch.relay,
            "sourcery.catching_up": batch.catching_up,
            "messaging.destination.name": ",".join(topics),
            "messaging.batch.message_count": len(batch.messages),
        }
        name = f"publish {topics[0] if len(topics) == 1 else 'messages'}"
        with self._span(name, trace.SpanKind.PRODUCER, attributes, context=Context()) as span:
            if not batch.catching_up:
                _link(span, batch.traceparents())
            yield
            for outcome in Outcome:
                count = sum(result.outcome is outcome for result in batch.results)
                span.set_attribute(f"sourcery.{outcome.value}", count)

    def traceparent(self) -> str | None:
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        return carrier.get(_HEADER)

    @contextmanager
    def _span(
        self,
        name: str,
        kind: trace.SpanKind,
        attributes: _Attributes,
        context: Context | None = None,
    ) -> Generator[trace.Span]:
        """A current span; of an error only its class is told."""
        with self._tracer.start_as_current_span(
            name,
            context,
            kind,
            attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                kind_of_error = type(error).__qualname__
                span.set_attribute("error.type", kind_of_error)
                span.set_status(trace.Status(trace.StatusCode.ERROR, kind_of_error))
                raise


def _link(span: trace.Span, traceparents: Iterable[str]) -> None:
    for traceparent, _ in zip(traceparents, range(LINKS), strict=False):
        context = _propagator.extract({_HEADER: traceparent}, context=Context())
        linked = trace.get_current_span(context).get_span_context()
        if linked.is_valid:
            span.add_link(linked)
