"""Which command stands in which module, so that ``--help`` loads none of them and a command only its own."""

from collections.abc import Mapping

MODULES: Mapping[str, tuple[str, str]] = {
    "demo": ("syncer.cli.demo.command", "Show the whole thing on this machine, step by step."),
    "init": ("syncer.cli.init", "Write a first .env and a first mapping file, or the mapping of two tables."),
    "doctor": ("syncer.cli.doctor", "Check every connection, app and mapped table; say how to mend what is wrong."),
    "migrate": ("syncer.cli.migrate", "Upgrade the state store to what this version needs."),
    "schema": ("syncer.cli.files", "Print the JSON Schema of mapping files, for editors."),
    "check": ("syncer.cli.files", "Validate mapping files, against both real tables unless --offline."),
    "apply": ("syncer.cli.files", "Make mapping files the active mappings."),
    "add-field": ("syncer.cli.adding", "Add a pair to a mapping file, and the field or column that it lacks."),
    "remove": ("syncer.cli.mappings", "Take a mapping, its memory and its triggers away; both tables stay."),
    "plan": ("syncer.cli.runs", "Show what the next run would do, and do nothing."),
    "sync": ("syncer.cli.runs", "Make one run now, in this process, to its end."),
    "approve": ("syncer.cli.runs", "Let exactly the plan that a guard stopped go on."),
    "undo": ("syncer.cli.undo", "Take back what a run overwrote, deleted or created, wherever nobody edited since."),
    "verify": ("syncer.cli.verify", "Compare both sides field by field, whatever the syncer remembers."),
    "status": ("syncer.cli.status", "Show how mappings stand and what waits for a person."),
    "conflicts": ("syncer.cli.conflicts", "Fields that both sides changed: list, show, resolve."),
    "failures": ("syncer.cli.failures", "What could not be written: list, show, retry, discard."),
    "view": ("syncer.cli.views", "Views in the Bitable of what waits for a person: create."),
    "history": ("syncer.cli.history", "Tell one line's life: every write, before and after."),
    "mappings": ("syncer.cli.mappings", "Applied mappings and their revisions: list, history, diff, rollback."),
    "pause": ("syncer.cli.mappings", "Stop a mapping; its backlog is kept."),
    "resume": ("syncer.cli.mappings", "Let a paused mapping go on."),
    "serve": ("syncer.cli.serve", "Take Feishu's events over HTTP, until Ctrl-C."),
    "listen": ("syncer.cli.listen", "Hear of changes as they happen, until Ctrl-C."),
    "up": ("syncer.cli.up", "Everything on this machine in one command, until Ctrl-C."),
    "worker": ("syncer.cli.worker", "Make the runs that are due, until Ctrl-C."),
    "beat": ("syncer.cli.worker", "Ask workers for what is due by the schedules, until Ctrl-C."),
    "simulator": ("syncer.cli.simulator", "Run the stand-in Feishu alone, until Ctrl-C."),
}
"""Name -> the module that registers it, and the line that ``--help`` shows."""
