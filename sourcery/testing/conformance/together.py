"""Run one function in several threads that begin at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 60.0


def together(count: int, function: Callable[[int], T]) -> list[T | Exception]:
    """Call `function(0)` to `function(count - 1)` at once; what each returned or raised."""
    gate = Barrier(count)

    def run(number: int) -> T | Exception:
        gate.wait(DEADLINE)
        try:
            return function(number)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(run, number) for number in range(count)]
        return [future.result(DEADLINE) for future in futures]
