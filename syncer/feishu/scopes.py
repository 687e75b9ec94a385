"""Which scopes an app was granted, and which fields it cannot see for lack of one. A field it may not see is absent
from every answer, not null (platform.md 6): nobody can tell it from an empty one without asking for the scopes.
"""

from collections.abc import Callable, Mapping

from syncer.errors import FeishuSetupError
from syncer.feishu.calls import Call
from syncer.feishu.client import FeishuClient

_GRANTED = 1
_LIST = Call("application.scope.list", "GET", "/open-apis/application/v6/scopes", where="the app's scopes")
LEGACY = frozenset({"contact:contact:readonly_as_app", "contact:contact:readonly", "contact:contact:access_as_app"})
"""Older scopes, any of which opens most fields of the directory."""


def granted_scopes(client: FeishuClient, count: Callable[[str], None] | None = None) -> frozenset[str] | None:
    """The scopes the app has under its own identity; ``None`` where the app may not ask. Raises like ``call``.

    Whoever got no answer knows nothing, and must not take what is missing for cleared: every other error is raised.
    """
    try:
        answer = client.call(_LIST, count=count)
    except FeishuSetupError:
        return None
    return frozenset(
        str(each.get("scope_name"))
        for each in answer.data.get("scopes") or ()
        if each.get("grant_status") == _GRANTED and each.get("scope_type", "tenant") == "tenant"
    )


def lacking_of(fields: Mapping[str, tuple[str, ...]], granted: frozenset[str] | None) -> dict[str, str]:
    """The fields the app cannot see, each with the scope that would open it."""
    if granted is None or granted & LEGACY:
        return {}
    return {name: scopes[0] for name, scopes in fields.items() if scopes and not granted.intersection(scopes)}
