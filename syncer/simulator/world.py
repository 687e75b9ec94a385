"""Everything one simulator knows: clock and choices, who may call, what is stored, who is told, what goes wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from syncer.simulator.approvals.course import Course
from syncer.simulator.approvals.model import Approvals
from syncer.simulator.calls import CallLog
from syncer.simulator.client_tokens import ClientTokens
from syncer.simulator.clock import Clock
from syncer.simulator.commit import Commit
from syncer.simulator.directory.news import News
from syncer.simulator.directory.tree import Directory
from syncer.simulator.directory.views import Range
from syncer.simulator.errors import Refusal
from syncer.simulator.events.desk import Desk
from syncer.simulator.faults import Faults
from syncer.simulator.found import Found
from syncer.simulator.hooks import Hooks
from syncer.simulator.ids import Ids
from syncer.simulator.latency import Latency
from syncer.simulator.model import Base, Table
from syncer.simulator.people import People
from syncer.simulator.quotas import Quotas
from syncer.simulator.switches import Switches
from syncer.simulator.tokens import App, Tokens
from syncer.simulator.vault import Vault

_ZONE_ALIASES = {"Asia/Beijing": "Asia/Shanghai"}
"""Zone names Feishu shows that the tz database does not know. [doc] sample of app get"""


@dataclass(slots=True)
class World:
    """The state of one simulator. Every random choice comes from `seed`."""

    seed: int = 1
    clock: Clock = field(default_factory=Clock)
    switches: Switches = field(default_factory=Switches)
    tokens: Tokens = field(default_factory=Tokens)
    quotas: Quotas = field(default_factory=Quotas)
    client_tokens: ClientTokens = field(default_factory=ClientTokens)
    calls: CallLog = field(default_factory=CallLog)
    hooks: Hooks = field(default_factory=Hooks)
    latency: Latency = field(default_factory=Latency)
    found: Found = field(default_factory=Found)
    bases: dict[str, Base] = field(default_factory=dict)
    wiki_nodes: dict[str, str] = field(default_factory=dict)
    vault: Vault = field(default_factory=Vault)
    listeners: list[Callable[[Commit], None]] = field(default_factory=list)
    ids: Ids = field(init=False)
    _somebody: str = ""
    people: People = field(init=False)
    directory: Directory = field(init=False)
    ranges: dict[str, Range] = field(default_factory=dict)
    news: News = field(init=False)
    approvals: Approvals = field(default_factory=Approvals)
    course: Course = field(init=False)
    faults: Faults = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.ids = Ids(self.seed)
        self.people = People(self.ids)
        self.directory, self.news = Directory(self.people), News(self)
        self.course = Course(self)
        self.faults = Faults(self.seed)
        self.desk = Desk(self)
        self.listeners.append(self.desk.committed)

    def base(self, token: str, *, wiki: bool) -> Base:
        """Return the base of a token (a wiki node's too, when `wiki`); 1254003 for no token, 1254040 for no base."""
        if not token.isalnum() or len(token) > 100:
            raise Refusal(1254003)
        found = self.bases.get(token)
        if found is None and wiki and token in self.wiki_nodes:
            found = self.bases.get(self.wiki_nodes[token])
        if found is None:
            raise Refusal(1254040)
        return found

    def table(self, base: Base, table_id: str) -> Table:
        """Return a table; 1254004 for a malformed id, 1254041 for an unknown one."""
        if not table_id.startswith("tbl") or len(table_id) > 50:
            raise Refusal(1254004)
        found = base.tables.get(table_id)
        if found is None:
            raise Refusal(1254041)
        return found

    def zone(self, base: Base) -> ZoneInfo:
        """Return the base's time zone."""
        return ZoneInfo(_ZONE_ALIASES.get(base.time_zone, base.time_zone))

    def add_app(self, app_id: str | None, secret: str | None, scopes: frozenset[str], tenant: str, name: str) -> App:
        """Add an app with its bot user."""
        bot = self.people.add(name, name)
        app = App(app_id or self.ids.app(), secret or self.ids.secret(), tenant, scopes, bot, scopes)
        self.tokens.apps[app.app_id] = app
        return app

    def somebody(self) -> str:
        """Return the open_id of the person who edits when nobody is named."""
        if not self._somebody:
            self._somebody = self.people.add("张敏", "Zhang Min", "min.zhang@example.com").open_id
        return self._somebody
