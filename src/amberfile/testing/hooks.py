"""What a store under test gives the suite: the store itself, and a few optional hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import wraps
from typing import Any, TypeVar

import pytest

from amberfile.errors import Unsupported
from amberfile.stores.base import Store

Test = TypeVar("Test", bound=Callable[..., None])


class StoreHooks:
    """Override `store`, and the hook of each capability that it declares.

    The suite closes what a hook opened.
    """

    @pytest.fixture
    def store(self) -> Store:
        """A new, empty store, closed after the test."""
        raise NotImplementedError("override the fixture `store`")

    @pytest.fixture
    def closed_later(self) -> Iterator[Callable[[Store], Store]]:
        """For tests that open a store: gives it back, and closes it after the test."""
        with ExitStack() as stack:
            yield lambda store: stack.enter_context(closing(store))

    def reopen(self, store: Store) -> Store:
        """For `durable`: close the store and open it again, as a new process would."""
        pytest.fail("the store declares durable; override reopen()")

    def second(self, store: Store) -> Store:
        """For `multi_process`: another instance on the same store."""
        pytest.fail("the store declares multi_process; override second()")

    def medium(self, store: Store) -> bytes:
        """For `erases`: every byte that the store has on its medium."""
        pytest.fail("the store declares erases; override medium()")

    def opened(self, path: str) -> Store:
        """For `backup`: the copy at `path`, opened."""
        pytest.fail("the store declares backup; override opened()")


def needs(capability: str) -> Callable[[Test], Test]:
    """A test of a method: declared, it must work; not declared, it must raise `Unsupported`."""
    return _choose(capability, _refused)


def only_if(capability: str) -> Callable[[Test], Test]:
    """A test of a promise: it is skipped, with the reason, where nobody promises."""
    return _choose(capability, _skipped)


def _choose(
    capability: str, otherwise: Callable[[str, Callable[[], None]], None]
) -> Callable[[Test], Test]:
    def decorate(test: Test) -> Test:
        @wraps(test)
        def chosen(self: StoreHooks, store: Store, **more: Any) -> None:
            if getattr(store.capabilities, capability):
                test(self, store, **more)
            else:
                otherwise(capability, lambda: test(self, store, **more))

        return chosen  # type: ignore[return-value]

    return decorate


def _refused(capability: str, test: Callable[[], None]) -> None:
    with pytest.raises(Unsupported):
        test()


def _skipped(capability: str, test: Callable[[], None]) -> None:
    pytest.skip(f"not {capability}")
