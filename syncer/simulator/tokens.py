"""Apps, their credentials and tenant tokens.

`POST /auth/v3/tenant_access_token/internal` gives the same token, with its remaining seconds, while 30 minutes or more
are left, and a new one after; the old one stays valid beside it until its own end. [doc]
"""

from dataclasses import dataclass, field

from syncer.simulator.errors import Refusal
from syncer.simulator.people import Person

ALL_SCOPES = frozenset(
    {
        *("bitable:app", "wiki:node:read", "docs:event:subscribe", "event:ip_list"),
        *("contact:contact.base:readonly", "contact:user.base:readonly", "contact:user.id:readonly"),
        *("contact:user.employee:readonly", "contact:user.employee_number:read", "contact:user.department:readonly"),
        *("contact:user.email:readonly", "contact:user.phone:readonly", "contact:user.gender:readonly"),
        *("contact:department.base:readonly", "contact:department.organize:readonly", "admin:app.info:readonly"),
        *("approval:approval:readonly", "approval:definition", "approval:instance", "approval:task"),
        "approval:approval.list:readonly",
    }
)


@dataclass(slots=True)
class App:
    """One app of one tenant: what it signs in with, what it may call, and who it is in a cell.

    `scopes` are those of the app itself, `user_scopes` those it has for users; `asked_scopes` wait for an admin.
    """

    app_id: str
    secret: str
    tenant: str
    scopes: frozenset[str]
    bot: Person
    user_scopes: frozenset[str] = frozenset()
    asked_scopes: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Token:
    text: str
    app: App
    ends: float


@dataclass(slots=True)
class Tokens:
    """All apps and every token that was given out."""

    apps: dict[str, App] = field(default_factory=dict)
    _given: dict[str, _Token] = field(default_factory=dict)
    _latest: dict[str, _Token] = field(default_factory=dict)

    def app(self, app_id: object, secret: object) -> App:
        """Return the app that signs in; Refusal 10003 for an id of no app, 10015 for a wrong secret."""
        if not isinstance(app_id, str) or not app_id.startswith("cli_") or app_id not in self.apps:
            raise Refusal(10003)
        app = self.apps[app_id]
        if app.secret != secret:
            raise Refusal(10015)
        return app

    def running(self, app: App, now: float, at_least: float) -> tuple[str, int] | None:
        """Return the app's latest token and its remaining seconds, if it has `at_least` so many."""
        token = self._latest.get(app.app_id)
        if token is None or token.ends - now < at_least:
            return None
        return token.text, int(token.ends - now)

    def issue(self, app: App, text: str, now: float, seconds: int) -> None:
        """Remember a new token."""
        self._latest[app.app_id] = self._given[text] = _Token(text, app, now + seconds)

    def revoke(self, app_id: str | None = None) -> int:
        """End every token of one app, or of all; returns how many."""
        gone = [text for text, token in self._given.items() if app_id in {None, token.app.app_id}]
        for text in gone:
            token = self._given.pop(text)
            self._latest.pop(token.app.app_id, None)
        return len(gone)

    def caller(self, authorization: str | None, now: float) -> App:
        """Return who calls, from the Authorization header; Refusal 99991661, 99991671, 99991668 or 99991663."""
        if not authorization or not authorization.startswith("Bearer ") or not authorization[7:].strip():
            raise Refusal(99991661)
        text = authorization[7:].strip()
        if text.startswith(("u-", "eyJ")):
            raise Refusal(99991668)
        if not text.startswith("t-"):
            raise Refusal(99991671)
        token = self._given.get(text)
        if token is None or token.ends <= now:
            raise Refusal(99991663)
        return token.app
