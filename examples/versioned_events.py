"""Three releases of one program on one database: events change, stored ones do not.

python -m examples.versioned_events
"""

from typing import Any

from attrs import frozen

from sourcery import EventStore, Stream, UnitOfWork, event, rename, upcast

ADA = Stream("user", "ada")


@event("user.registered")
@frozen
class RegisteredV1:
    """As the first release wrote it."""

    name: str


@event("user.registered", version=2)
@frozen
class RegisteredV2:
    """The second release wants the name in parts, and a place."""

    first: str
    last: str
    country: str = "unknown"


@event("member.joined", version=2)
@frozen
class Joined:
    """The third one has another word for it."""

    first: str
    last: str
    country: str = "unknown"


def in_parts(data: dict[str, Any]) -> dict[str, Any]:
    """From version 1 to 2: a pure function of the parsed JSON."""
    first, _, last = data["name"].partition(" ")
    return {"first": first, "last": last}


def first_release(url: str) -> None:
    """Writes version 1."""
    with EventStore(url, events=RegisteredV1) as store:
        store.upgrade()
        with UnitOfWork(store) as uow:
            uow.append(ADA, [RegisteredV1("Ada Lovelace")])


def second_release(url: str) -> None:
    """Reads version 1 as version 2, and writes that."""
    upcasters = [upcast("user.registered", version=1)(in_parts)]
    with EventStore(url, events=RegisteredV2, upcasters=upcasters) as store:
        with UnitOfWork(store) as uow:
            uow.append(Stream("user", "alan"), [RegisteredV2("Alan", "Turing", "UK")])
        for recorded in store.read():
            print(f"stored as version {recorded.schema_version}: {recorded.event}")


def third_release(url: str) -> None:
    """Reads all that the others wrote under its own name."""
    upcasters = [
        rename("user.registered", "member.joined"),
        upcast("member.joined", version=1)(in_parts),
    ]
    with EventStore(url, events=Joined, upcasters=upcasters) as store:
        for recorded in store.read():
            print(f"stored as {recorded.kind}: {recorded.event}")


def main(url: str) -> None:
    """One release after the other, on a database that outlives them."""
    for release in (first_release, second_release, third_release):
        release(url)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        main(f"sqlite:///{folder}/users.db")
