"""Methods written once and called both ways.

A resource is written for no driver in particular: its methods make a `Request` or a `Plan`. On
`Memsync` calling one blocks and returns the result; on `AsyncMemsync` it returns an awaitable of
the same.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

import httpx

from memsync_client.records import Page
from memsync_client.requests import Plan, Request
from memsync_client.transport import Awaiting, Blocking

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S")
D = TypeVar("D", bound=Blocking | Awaiting)
"""The driver."""


class Resource(Generic[D]):
    """A group of methods of a client."""

    def __init__(self, driver: D) -> None:
        self._driver = driver


class Route(Generic[P, T]):
    """A method that makes one request, or several, each with what the ones before gave."""

    def __init__(self, make: Callable[Concatenate[Any, P], Request[T] | Plan[T]]) -> None:
        self.make = make
        functools.update_wrapper(cast(Any, self), make)

    @overload
    def __get__(self, owner: Resource[Blocking], kind: Any = ...) -> Callable[P, T]: ...
    @overload
    def __get__(self, owner: Resource[Awaiting], kind: Any = ...) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, owner: None, kind: Any = ...) -> Route[P, T]: ...
    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """The method of one client."""
        if owner is None:
            return self

        @functools.wraps(self.make)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return owner._driver.perform(self.make(owner, *args, **kwargs))

        return call


class Each(Generic[P, T]):
    """A method that goes through all pages of a list: `for row in client.sessions.each(…)`."""

    def __init__(self, route: Route[P, Page[T]]) -> None:
        self.route = route

    @overload
    def __get__(self, owner: Resource[Blocking], kind: Any = ...) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(
        self, owner: Resource[Awaiting], kind: Any = ...
    ) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """The method of one client."""
        name = self.route.make.__name__

        def each(*args: P.args, **kwargs: P.kwargs) -> Any:
            def page(cursor: str | None) -> Any:
                return getattr(owner, name)(*args, **kwargs | {"cursor": cursor})

            is_blocking = isinstance(owner._driver, Blocking)
            return _rows(page) if is_blocking else _awaited_rows(page)

        functools.update_wrapper(each, self.route.make)
        each.__doc__ = f"All rows of `{name}`, page after page."
        return each


class Lines(Generic[P]):
    """A method that reads an answer line by line: `for line in client.export_lines(): …`."""

    def __init__(self, make: Callable[Concatenate[Any, P], Request[httpx.Response]]) -> None:
        self.make = make
        functools.update_wrapper(cast(Any, self), make)

    @overload
    def __get__(self, owner: Resource[Blocking], kind: Any = ...) -> Callable[P, Iterator[str]]: ...
    @overload
    def __get__(
        self, owner: Resource[Awaiting], kind: Any = ...
    ) -> Callable[P, AsyncIterator[str]]: ...
    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """The method of one client."""

        @functools.wraps(self.make)
        def lines(*args: P.args, **kwargs: P.kwargs) -> Any:
            return owner._driver.lines(self.make(owner, *args, **kwargs))

        return lines


def _rows(page: Callable[[str | None], Page[S]]) -> Iterator[S]:
    cursor = None
    while True:
        found = page(cursor)
        yield from found.data
        cursor = found.next_cursor
        if not found.has_more:
            return


async def _awaited_rows(page: Callable[[str | None], Awaitable[Page[S]]]) -> AsyncIterator[S]:
    cursor = None
    while True:
        found = await page(cursor)
        for row in found.data:
            yield row
        cursor = found.next_cursor
        if not found.has_more:
            return
