"""Where a base is: its address in the browser, its token, or the wiki node it hangs on - made one true token.

Record calls take a wiki node's token too, subscriptions and events do not; so the true one is found once, first.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from syncer.errors import FeishuError, FeishuSetupError, MendError
from syncer.feishu.calls import Answer, Call
from syncer.feishu.client import FeishuClient
from syncer.feishu.errors import short

_NOT_A_BASE = frozenset({91402, 1254003, 1254040})
_NO_NODE = frozenset({131002, 131005})
_TOKEN = re.compile(r"[A-Za-z0-9_]{4,100}")


@dataclass(frozen=True, slots=True)
class BaseAddress:
    """A base by its true token, and the table if the address named one."""

    app_token: str
    table_id: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in an address, before Feishu was asked what it is."""

    token: str
    table_id: str | None
    wiki: bool


def read_address(text: str) -> Written:
    """Take a token or a browser address (``/base/``, ``/wiki/``) apart; a view in it is ignored. ``MendError``."""
    parts = urlsplit(text.strip())
    if not parts.scheme:
        return _checked(Written(text.strip(), None, wiki=False), text)
    steps = [step for step in parts.path.split("/") if step]
    kinds = [place for place, step in enumerate(steps[:-1]) if step in ("base", "wiki")]
    if not kinds:
        raise MendError(f"{text} is no address of a base: it must hold /base/<token> or /wiki/<token>")
    tables = parse_qs(parts.query).get("table", [])
    token = steps[kinds[-1] + 1]
    return _checked(Written(token, tables[0] if tables else None, wiki=steps[kinds[-1]] == "wiki"), text)


def _checked(found: Written, text: str) -> Written:
    if not _TOKEN.fullmatch(found.token):
        raise MendError(f"{text!r} is neither the address nor the token of a base")
    return found


def get_app(client: FeishuClient, app_token: str) -> Answer:
    """What Feishu says about a base: ``data.app`` with its true token, time zone and whether it is advanced."""
    where = f"base {short(app_token)}"
    return client.call(Call("bitable.app.get", "GET", f"/open-apis/bitable/v1/apps/{quote(app_token)}", where=where))


def resolve_base(client: FeishuClient, url_or_token: str) -> BaseAddress:
    """The true token of a base. Raises ``MendError`` for no address, ``FeishuSetupError`` where Feishu knows none."""
    written = read_address(url_or_token)
    try:
        token = _through_wiki(client, written.token) if written.wiki else _through_app(client, written.token)
    except FeishuSetupError as error:
        if written.wiki:
            raise
        token = base_behind(client, written.token, error)
    return BaseAddress(token, written.table_id)


def _through_app(client: FeishuClient, token: str) -> str:
    return str(get_app(client, token).data.get("app", {}).get("app_token") or token)


def base_behind(client: FeishuClient, token: str, error: FeishuSetupError) -> str:
    """The base behind a token that was refused as a base's, if it is a wiki node's. Else raises what was wrong with it.

    Where the app may not ask the wiki, that is told too: the token may be right.
    """
    if error.code not in _NOT_A_BASE:
        raise error
    try:
        return _through_wiki(client, token)
    except FeishuError as other:
        if other.code in _NO_NODE:
            raise error from None
        told = f"{error}. If the token is from a /wiki/ address: {other}"
        raise FeishuSetupError(told, code=error.code, api=error.api) from None


def _through_wiki(client: FeishuClient, token: str) -> str:
    query = {"token": token, "obj_type": "wiki"}
    where = f"wiki node {short(token)}"
    answer = client.call(Call("wiki.node.get", "GET", "/open-apis/wiki/v2/spaces/get_node", query=query, where=where))
    node = answer.data.get("node", {})
    if node.get("obj_type") != "bitable" or not node.get("obj_token"):
        raise FeishuSetupError(f"{where} is a {node.get('obj_type') or 'page'}, not a base; name a base in the mapping")
    return str(node["obj_token"])
