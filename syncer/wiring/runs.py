"""Runs: one pass over a mapping, with everything it needs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace

from syncer.batching.askers import urgently
from syncer.catalog.faults import Places
from syncer.catalog.following import layout_of
from syncer.catalog.linking import links_in, links_of
from syncer.catalog.optioned import named_options, read_known, with_options
from syncer.catalog.pairs import Tables, build_rules, zone_of
from syncer.catalog.surviving import Surviving
from syncer.core.plan import Action
from syncer.engine.aside import Threads
from syncer.engine.lens import Lens
from syncer.engine.pending import PendingLines
from syncer.engine.report import Report
from syncer.engine.restored import watched
from syncer.engine.run import run
from syncer.engine.tools import Options, Tools
from syncer.errors import (
    FeishuSetupError,
    MendError,
    OutsideError,
    SchemaError,
    StaleNameError,
    SyncerError,
)
from syncer.jobs import Job, Sides, Work, demand_not_paused, status_of, with_clocks
from syncer.mirrors import MappingMirrors
from syncer.ports.progress import Reporter
from syncer.state.mappings import State
from syncer.state.memory import PostgresMemory
from syncer.wiring.filing import carried_by
from syncer.wiring.mappings import Mappings


class Syncer(Mappings):
    """A whole syncer in this process. Close it, or use it as a context: what it started, it stops.

    ``grace`` is how many seconds a call of unknown outcome has to show its effect; see ``engine.tools.Options``.
    ``attempts`` is how often a call to Feishu is tried before it counts as unreachable; left out: patiently.
    ``wait`` is how many seconds another run may hold a mapping.
    """

    def sync(
        self,
        name: str,
        options: Options,
        reporter: Reporter | None = None,
        *,
        approved_run: str | None = None,
        began: Callable[[Report], None] | None = None,
        work: Work = run,
        kind: str = "",
    ) -> Report:
        """One run of a mapping, now, to its end. Raises the errors of ``syncer.errors``.

        A field, a column or a right that was changed in its midst makes the run begin anew, once, without the pairs
        that no longer stand. ``began`` gets the report as soon as the run is open, so that what was done can be told
        also of a run that ends in an error. ``work`` is what the run does, ``kind`` what it is called.
        """
        applied, mapping, ids = self.applied(name)
        if not options.dry:
            demand_not_paused(applied)
        options = replace(options, batch=min(options.batch, self.settings.batch_records), grace=self.grace)
        job = Job(mapping, ids, options, reporter or Reporter(), approved_run, began, applied, work, kind)
        try:
            with urgently(really=options.urgent):
                return self._twice(job)
        except SyncerError as error:
            if error.exit_status == MendError.exit_status and not options.dry:
                self.store.set_state(name, State.BROKEN)
            raise

    def _twice(self, job: Job) -> Report:
        """A run, and once more if the tables were changed under it: what stands of them is looked at anew."""
        begun: list[Report] = []

        def began(report: Report) -> None:
            begun.append(report)
            if job.began is not None:
                job.began(report)

        try:
            return self._sync(replace(job, began=began))
        except (StaleNameError, SchemaError, FeishuSetupError) as error:
            if not begun and not isinstance(error, StaleNameError):
                raise
            job.reporter.note(f"the tables changed meanwhile; beginning anew ({error})")
        return self._sync(job)

    def _sync(self, job: Job) -> Report:
        with self._noted(job):
            sides = self._with_options(self.look(job.mapping), job)
            sides, stands = self._standing(sides, job)
            people = self.directory(sides.mapping)
            lines = self.store.linked_lines()
            built = build_rules(sides.mapping, sides.record_table, sides.row_table, people, lines)
            rules = with_clocks(built, sides)
            rules = replace(rules, lacking=stands.lacking, paused={one.column: one.sentence for one in stands.paused})
            rules, files = carried_by(self.store, sides.records, sides.rows, rules)
            layout = layout_of(sides.mapping, Tables(sides.record_table, sides.row_table), rules)
        if job.applied.state is State.BROKEN and not job.options.dry:
            self.store.set_state(job.mapping.name, State.ACTIVE)
        zone = zone_of(sides.mapping, sides.record_table)
        log = self.watch(sides.mapping, sides.row_table, zone).capture()
        with self._opened(job, layout, sides, stands) as (memory, report), closing(Threads()) as aside:
            tools = Tools(
                rules=rules,
                records=sides.records,
                rows=sides.rows,
                memory=memory,
                clock=self.clock,
                ids=self.ids,
                report=report,
                reporter=job.reporter,
                options=job.options,
                lens=Lens(rules),
                signals=self.store.noticing.signals(job.mapping.name),
                capture=None if job.options.dry else log,
                log=log,
                table=job.mapping.table_id,
                computed=job.mapping.computed,
                trusting=self.settings.revisions == "trusted",
                aside=aside,
                anteroom=sides.rows.anteroom,
                files=files,
                pending=PendingLines(own=job.mapping.name in links_of(sides.mapping), forget=lines.forget),
            )
            mirrors = MappingMirrors(self.store, self.engine(job.mapping.connection), self.redis, job.mapping.name)
            with self._waking(job, memory, report):
                watched(job.work, mirrors)(tools, sides.record_table)
        return report

    @contextmanager
    def _waking(self, job: Job, memory: PostgresMemory, report: Report) -> Iterator[None]:
        """Have lines of other mappings that wait for lines which a run has linked looked at, once it is over."""
        name = job.mapping.name
        if job.options.dry or not self.store.noticing.linking(name):
            yield
            return
        before = memory.standing().linked
        yield
        if report.linked != before or any(action is Action.CREATE for _, action in +report.written):
            self.store.noticing.wake_pending(name)

    def links(self) -> dict[str, frozenset[str]]:
        """Which mappings the lines of each applied mapping link to."""
        return {one.name: links_in(one.document) for one in self.store.mappings()}

    def _standing(self, looked: Sides, job: Job) -> tuple[Sides, Surviving]:
        """Both sides with what still stands of the mapping. Raises ``SchemaError`` where that does not go on."""
        for rights in (False, True):
            sides, stands = self.surviving(looked, job.ids, rights=rights)
            trusting = replace(sides.record_table, whole=True)  # records that may be hidden are for a guard to stop
            places = Places(f"revision {job.applied.revision}")
            found = self.check(replace(sides, record_table=trusting), places, running=True)
            if not found.faults:
                return sides, stands
        raise SchemaError(found.faults)

    def _with_options(self, sides: Sides, job: Job) -> Sides:
        """The same sides with every option that is there by now known by its id, also one made since ``apply``."""
        stored = job.applied.document
        known = read_known(stored.get("options") if isinstance(stored, Mapping) else None)
        found = named_options(sides.mapping, sides.record_table, job.ids, known)
        if found != known and not job.options.dry:
            self.store.learn(job.mapping.name, "options", found)
        return replace(sides, mapping=with_options(sides.mapping, found))

    @contextmanager
    def _noted(self, job: Job) -> Iterator[None]:
        """Write down why a run could not even begin, so that ``syncer status`` tells."""
        try:
            yield
        except SyncerError as error:
            if not job.options.dry:
                self.store.note_ended(job.mapping.name, job.kind, status_of(error), str(error))
            raise

    @contextmanager
    def _opened(
        self, job: Job, layout: list[tuple[str, str]], sides: Sides, stands: Surviving
    ) -> Iterator[tuple[PostgresMemory, Report]]:
        name, paused = job.mapping.name, [one.column for one in stands.paused]
        opening = self.store.open_run(
            name, job.kind, layout, paused=paused, wait_seconds=self.wait, approved_run=job.approved_run
        )
        with opening as memory:
            report, start = Report(name, memory.run, dry=job.options.dry), self.clock.now()
            report.drift, report.renamed = stands.sentences, list(stands.renamed)
            if job.began is not None:
                job.began(report)
            try:
                yield memory, report
            except OutsideError as error:
                report.seconds = (self.clock.now() - start).total_seconds()
                report.calls = sides.records.calls()
                told = report.to_json()
                self.store.finish_run(memory.run, status_of(error), told, None, report.seconds, str(error))
                raise
            told = report.to_json()
            status = "planned" if report.dry else report.status
            self.store.finish_run(memory.run, status, told, told["guard"], report.seconds)
