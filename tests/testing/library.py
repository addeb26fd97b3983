"""An aggregate whose events nest, whose commands return and whose errors carry data."""

from enum import Enum

from attrs import define, field, frozen

from sourcery import Aggregate, event


@frozen
class Shelf:
    """Where a book stands."""

    room: str
    number: int


@event("book.shelved")
@frozen
class Shelved:
    """It was put away."""

    shelf: Shelf
    notes: list[str] = field(factory=list)


@event("book.lent")
@frozen
class Lent:
    """Somebody took it home."""

    reader: str
    days: int = field(default=14, eq=False)


class AlreadyLent(Exception):
    """The book is out."""

    def __init__(self, reader: str) -> None:
        super().__init__(f"lent to {reader}")
        self.reader = reader


class Command(Enum):
    """Commands need not be attrs classes."""

    RETURN = "return"


@define
class Book(Aggregate[Shelved | Lent], category="book"):
    """One copy."""

    reader: str | None = None
    shelf: Shelf | None = None

    def lend(self, reader: str) -> None:
        """Give it to one reader."""
        if self.reader:
            raise AlreadyLent(self.reader)
        self.record(Lent(reader))

    def shelve(self, room: str, number: int, *notes: str) -> str:
        """Put it away; a label for the book, which names its id."""
        self.record(Shelved(Shelf(room, number), list(notes)))
        return f"{self.id}@{room}{number}"

    def handle(self, command: Command) -> str:
        """Carry out a command; its name."""
        self.shelve("desk", 1)
        return command.value

    def apply(self, event: Shelved | Lent) -> None:
        """Evolve."""
        match event:
            case Lent(reader):
                self.reader = reader
            case Shelved(shelf):
                self.reader, self.shelf = None, shelf
