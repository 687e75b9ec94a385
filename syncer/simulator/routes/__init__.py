"""Every API the simulator has: one file per resource, one table each; together they are the table of contents."""

from syncer.simulator.gateway import Route
from syncer.simulator.routes import (
    approvals,
    apps,
    auth,
    departments,
    drive,
    event,
    fields,
    media,
    records,
    roles,
    scopes,
    tables,
    users,
    views,
    wiki,
)

ROUTES: tuple[Route, ...] = (
    *auth.ROUTES,
    *apps.ROUTES,
    *tables.ROUTES,
    *fields.ROUTES,
    *views.ROUTES,
    *records.ROUTES,
    *roles.ROUTES,
    *wiki.ROUTES,
    *drive.ROUTES,
    *media.ROUTES,
    *event.ROUTES,
    *scopes.ROUTES,
    *users.ROUTES,
    *departments.ROUTES,
    *approvals.ROUTES,
)
