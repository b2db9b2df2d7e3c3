"""Whose memory a handle is: what it has bound, what it may read, how it is narrowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amberfile import checks
from amberfile.errors import ScopeError
from amberfile.types import DEFAULT, Scope


@dataclass(frozen=True)
class Binding:
    """A handle's own scope and those that it reads beside it.

    Args:
        space, user, agent: None is not bound; a bound one never changes.
        also: scopes to read after its own.
        required: an unbound handle may neither read nor write.
    """

    space: str | None = None
    user: str | None = None
    agent: str | None = None
    also: tuple[Scope, ...] = ()
    required: bool = False

    @property
    def unbound(self) -> bool:
        return (self.space, self.user, self.agent) == (None, None, None)

    @property
    def scope(self) -> Scope:
        return Scope(*(name or DEFAULT for name in (self.space, self.user, self.agent)))

    @property
    def reads(self) -> tuple[Scope, ...]:
        """Its own scope first, none twice."""
        return tuple(dict.fromkeys((self.scope, *self.also)))

    def usable(self) -> Binding:
        """Itself, or `ScopeError` when a scope is required and none is bound."""
        if self.required and self.unbound:
            raise ScopeError(
                "this memory was opened with require_scope=True, and no scope is named. "
                "Name one: memory.scoped(user='ada')"
            )
        return self

    def narrowed(
        self,
        space: str | None,
        user: str | None,
        agent: str | None,
        reads: Sequence[Scope],
    ) -> Binding:
        """A binding that can reach no more than this one."""
        also = checks.scopes("reads", reads)
        for scope in also:
            if not self.may_read(scope):
                raise ScopeError(
                    f"this memory may not read {scope}: it is bound to {self._told()}. "
                    "Ask for a handle from whoever opened the store."
                )
        return Binding(
            _bound("space", self.space, space),
            _bound("user", self.user, user),
            _bound("agent", self.agent, agent),
            also,
            self.required,
        )

    def may_read(self, scope: Scope) -> bool:
        """Whether `scope` agrees with all that is bound, or is read already."""
        own = (self.space, self.user, self.agent)
        named = (scope.space, scope.user, scope.agent)
        fits = all(mine in (None, theirs) for mine, theirs in zip(own, named, strict=True))
        return fits or scope in self.also

    def _told(self) -> str:
        bound = {"space": self.space, "user": self.user, "agent": self.agent}
        return ", ".join(f"{field}={name!r}" for field, name in bound.items() if name is not None)


def _bound(field: str, now: str | None, given: str | None) -> str | None:
    if given is None:
        return now
    if now is not None:
        raise ScopeError(
            f"{field} is bound to {now!r} and cannot be bound again. "
            "Ask for a handle from whoever opened the store."
        )
    return checks.name(field, given)
