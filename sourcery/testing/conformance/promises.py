"""What the library promises, by number. Every test of a promise carries its number."""

from __future__ import annotations

from typing import Final, NamedTuple


class Promise(NamedTuple):
    """One promise; `@pytest.mark.promise(number)` is on each test that proves it."""

    number: int
    #: The part of the library it belongs to.
    group: str
    #: A few words for it.
    title: str
    #: What exactly is promised.
    text: str


PROMISES: Final[tuple[Promise, ...]] = (
    # -- Append and read -----------------------------------------------------------------
    Promise(
        1,
        "Append and read",
        "Versions without gap, positions in order",
        "Versions of a stream are 1..n without gap; position grows with version inside a "
        "stream; a read returns events in position order, each once, whatever overlapping "
        "filters match it.",
    ),
    Promise(
        2,
        "Append and read",
        "The expected version is checked",
        '`expected version` is checked: stale, too high, "must be new", "must exist", and '
        "`ANY`; a conflict names stream, expected and actual, and leaves nothing behind (no "
        "event, no outbox row, no version used).",
    ),
    Promise(
        3,
        "Append and read",
        "Writers of one stream at once",
        "Of n threads creating one stream exactly one wins, the others get a conflict; of n "
        "writers with retry on one counter, the sum equals the number of commands and "
        "conflicts really occurred.",
    ),
    Promise(
        4,
        "Append and read",
        "Unchecked writers leave no gap",
        "n unchecked (`ANY`) writers on one stream leave versions 1..n.",
    ),
    Promise(
        5,
        "Append and read",
        "All of it commits, or nothing",
        "An append of several events, several streams, outbox rows and the caller's own ORM "
        "rows commits together or not at all: failing at each step in turn leaves nothing.",
    ),
    Promise(
        6,
        "Append and read",
        "An event that cannot be stored",
        "A batch whose third event cannot be serialised writes nothing and names the event's "
        "kind and field.",
    ),
    Promise(
        7,
        "Append and read",
        "The same append sent again",
        "The same append sent again with the same event ids succeeds and returns the same "
        "positions; the same ids with other content is a typed error.",
    ),
    Promise(
        8,
        "Append and read",
        "A kind that is no longer listed",
        "An event whose kind the aggregate no longer lists does not wedge the stream.",
    ),
    Promise(
        9,
        "Append and read",
        "An empty append",
        "An empty list of events is accepted and writes nothing.",
    ),
    Promise(
        10,
        "Append and read",
        "Reads of every kind, in bounded memory",
        "Reads stream in bounded memory; forward, backward, from and to a version, up to a "
        "point in time, by category, by kind, with limit.",
    ),
    Promise(
        11,
        "Append and read",
        "Joined to a transaction of the caller's",
        "Joined to a caller's session or connection we never commit, roll back or close; "
        "after the caller's rollback nothing is left; after `ROLLBACK TO SAVEPOINT` followed "
        "by another append in the same transaction ordering still holds.",
    ),
    Promise(
        12,
        "Append and read",
        "Foreign sessions and autocommit are refused",
        "A session bound to another database, and an autocommit connection, are refused with "
        "a typed error.",
    ),
    # -- Ordering (never a skipped event) ------------------------------------------------
    Promise(
        13,
        "Ordering (never a skipped event)",
        "What is in flight is never passed",
        "A low position in flight while a higher one is committed: no subscriber, no "
        "projection snapshot, no relay and no consistency token passes it; its commit "
        "delivers it, its rollback unblocks at once, without a clock.",
    ),
    Promise(
        14,
        "Ordering (never a skipped event)",
        "The order of a stream after other writes",
        "Transactions that wrote other tables first keep the order inside each stream.",
    ),
    Promise(
        15,
        "Ordering (never a skipped event)",
        "Unrelated transactions delay nothing",
        "An unrelated long transaction, in this or another database of the server, does not "
        "delay delivery; neither does a read-only one.",
    ),
    Promise(
        16,
        "Ordering (never a skipped event)",
        "Many writers under stress",
        "Stress: at least 12 writers, 15 % rollbacks, savepoint rollbacks then further "
        "appends, work before and after the append, reader restarts and dropped connections: "
        "nothing lost, nothing doubled, no inversion in a stream. Also with 1 to 3 writers, "
        "which shows races that 12 hide. The naive rule in the same harness loses events, and "
        "so does each safeguard of the dialect when left out in turn.",
    ),
    Promise(
        17,
        "Ordering (never a skipped event)",
        "Restores, crashes, standbys",
        "After dump and restore into a new server, after a crash that lost drawn positions, "
        "after a fail-over to a standby, consumers go on correctly or stop with a typed "
        "error; nothing is passed over. A reader pointed at a standby is refused.",
    ),
    # -- Consumers -----------------------------------------------------------------------
    Promise(
        18,
        "Consumers",
        "Catch-up then live, without a seam",
        'Catch-up then live is one ordered loop: no hole and no double at the seam; "caught '
        'up" is signalled once.',
    ),
    Promise(
        19,
        "Consumers",
        "Where a consumer starts",
        "Start rules: origin, now (sees nothing settled before), after a position "
        '(exclusive), after a time; "now" is resolved once and stored.',
    ),
    Promise(
        20,
        "Consumers",
        "Filters in SQL, and a checkpoint that moves on",
        "Filters are pushed into SQL; the checkpoint moves over events that do not match, so "
        "a rarely matching consumer restarts where it stood.",
    ),
    Promise(
        21,
        "Consumers",
        "Exactly once in the same database",
        "Handler writes and checkpoint commit together: kill at any point gives exactly-once "
        "in the same database.",
    ),
    Promise(
        22,
        "Consumers",
        "One owner of a shard, and fencing",
        "Two workers on one consumer never both process; a dead owner is replaced after its "
        "lease; a stopped owner is replaced at once; an owner paused past its lease and then "
        "resumed cannot commit (fencing).",
    ),
    Promise(
        23,
        "Consumers",
        "Shards keep the order of a key",
        "With n shards the events of one key stay in order, all events are processed once, "
        "and workers that come and go share fairly.",
    ),
    Promise(
        24,
        "Consumers",
        "A failing handler",
        "A failing handler is retried with backoff and jitter, the count survives a restart; "
        "then, by policy, the consumer stops visibly, or the event is parked and later events "
        "of the same key queue behind it while others go on; the park row commits with the "
        "checkpoint.",
    ),
    Promise(
        25,
        "Consumers",
        "Retrying parked events",
        "Retrying parked events keeps the key's order, even against events arriving live.",
    ),
    Promise(
        26,
        "Consumers",
        "Events that cannot be decoded",
        "An undecodable event is handled by the error policy and named (position, id, kind, "
        "path in the payload); an unknown kind nobody asked for is skipped.",
    ),
    Promise(
        27,
        "Consumers",
        "Lost connections",
        "A lost database connection, a restarted server, a killed backend: the consumer goes "
        "on by itself, and its health shows it meanwhile.",
    ),
    Promise(
        28,
        "Consumers",
        "Stopping",
        "`stop()` interrupts a sleep and a backoff at once, finishes the event in hand, "
        "releases the lease.",
    ),
    Promise(
        29,
        "Consumers",
        "Consistency tokens",
        "A consistency token names exactly one commit, resolves also for events the consumer "
        "filters out, waits at most its timeout, and wakes with the cause if the consumer "
        "failed. It survives a trip through JSON.",
    ),
    Promise(
        30,
        "Consumers",
        "A backlog larger than memory",
        "A backlog larger than memory allows is processed in bounded memory.",
    ),
    # -- Snapshots -----------------------------------------------------------------------
    Promise(
        31,
        "Snapshots",
        "When a snapshot is due",
        "`every(n)`: due when n or more events came since the last stored one, counting "
        "multi-event commands; the state is not serialised when the policy declines.",
    ),
    Promise(
        32,
        "Snapshots",
        "Newer snapshots are kept",
        "An older or equal offer never overwrites a newer one, from any process.",
    ),
    Promise(
        33,
        "Snapshots",
        "Useless snapshots are ignored",
        "Undecodable, of another schema tag, or ahead of the stream: ignored before decoding, "
        "reported once, replayed in full, replaced.",
    ),
    Promise(
        34,
        "Snapshots",
        "A failing snapshot store",
        "The snapshot store failing after the commit never turns a committed command into a "
        "failure.",
    ),
    Promise(
        35,
        "Snapshots",
        "A snapshot equals a full replay",
        "Load with snapshot equals full replay, for random histories and random snapshot points.",
    ),
    Promise(
        36,
        "Snapshots",
        "Projection snapshots are settled",
        "Projection snapshots are taken only at settled positions.",
    ),
    # -- Outbox and inbox ----------------------------------------------------------------
    Promise(
        37,
        "Outbox and inbox",
        "An outbox row if and only if committed",
        "An outbox row exists if and only if its transaction committed.",
    ),
    Promise(
        38,
        "Outbox and inbox",
        "Every message at least once, in order per key",
        "Every message is sent at least once, first deliveries in order per key; after a "
        "crash between send and acknowledgement the same messages come again with the same "
        "ids.",
    ),
    Promise(
        39,
        "Outbox and inbox",
        "Failing messages and broker outages",
        "A failing message blocks only its key; a broker outage burns no attempts; a message "
        "the broker can never accept goes to the dead letters with its error; attempts spent "
        "leads to the chosen policy.",
    ),
    Promise(
        40,
        "Outbox and inbox",
        "No transaction while the broker is called",
        "No database transaction is open while the broker is called.",
    ),
    Promise(
        41,
        "Outbox and inbox",
        "One relay of a shard",
        "Two relays never hold one shard; a killed relay is replaced; one paused past its "
        "lease may repeat messages its successor sent, never send a first delivery out of "
        "order.",
    ),
    Promise(
        42,
        "Outbox and inbox",
        "Retention keeps what is needed",
        "Retention never deletes what is unsent or dead.",
    ),
    Promise(
        43,
        "Outbox and inbox",
        "The inbox accepts once",
        "The inbox accepts a message id once per consumer, inside the caller's transaction, "
        "without raising.",
    ),
    # -- Schema and safety ---------------------------------------------------------------
    Promise(
        44,
        "Schema and safety",
        "Upgrades and downgrades of the schema",
        "`alembic upgrade head` on an empty database and from every earlier revision equals "
        "the declared tables; downgrade works; the previous release's code runs on the new "
        "schema.",
    ),
    Promise(
        45,
        "Schema and safety",
        "A user's own Alembic autogenerate",
        "A user's own `alembic revision --autogenerate` proposes nothing about our tables, "
        "with no configuration on their side.",
    ),
    Promise(
        46,
        "Schema and safety",
        "Nothing stored is code",
        "Stored kinds are the strings the user chose; no import path, no pickle, no code is "
        "ever loaded from the database.",
    ),
    Promise(
        47,
        "Schema and safety",
        "Hostile names and payloads",
        "Hostile stream ids, kinds, topics and payloads (quotes, NUL, 10 MB, deep nesting, "
        "surrogates, NaN, ints beyond 64 bits) are stored faithfully or refused with a typed "
        "error before anything is written. Ids that differ only in case, accents or trailing "
        "spaces are different.",
    ),
    Promise(
        48,
        "Schema and safety",
        "No payload and no password in errors",
        "Errors and logs name event id, position and kind, never the payload or the database "
        "password.",
    ),
    # -- Cases that broke naive designs --------------------------------------------------
    Promise(
        49,
        "Cases that broke naive designs",
        "Cases that broke naive designs",
        "Each case that was seen to break a naive version of this design is reproduced "
        "against the real database, and ours survives it.",
    ),
)
