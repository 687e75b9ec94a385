"""Makes tables, fields and views of a base. Only what a person asked for comes here; nothing is ever made by a run."""

from collections.abc import Sequence
from urllib.parse import quote

from syncer.core.values import Json
from syncer.errors import FeishuSetupError
from syncer.feishu.calls import Call
from syncer.feishu.client import FeishuClient
from syncer.feishu.errors import short

_UNFIT = str.maketrans(dict.fromkeys("/\\?*:[]", " "))  # what a table's name may not hold (bitable.md 3)
_LONGEST_NAME = 100


def make_table(client: FeishuClient, app_token: str, name: str, fields: Sequence[Json]) -> str:
    """Create a table of these fields (bodies of the field API, the first leads); its id.

    Raises ``FeishuSetupError`` and the other errors of a call. The call is not repeated when its outcome is unknown:
    a second table would be worse than a question.
    """
    plain = " ".join(name.translate(_UNFIT).split())[:_LONGEST_NAME] or "table"
    body: Json = {"table": {"name": plain, "default_view_name": "Grid", "fields": list(fields)}}
    where = f"base {short(app_token)}"
    path = f"/open-apis/bitable/v1/apps/{quote(app_token)}/tables"
    answer = client.call(Call("bitable.table.create", "POST", path, body=body, writes=True, where=where))
    table_id = answer.data.get("table_id")
    if not isinstance(table_id, str):
        raise FeishuSetupError(f"{where}: Feishu made a table and did not say which", api="bitable.table.create")
    return table_id


def make_field(client: FeishuClient, app_token: str, table_id: str, body: Json) -> None:
    """Create a field (the body of the field API). Raises as ``make_table``, and is not repeated either."""
    where = f"base {short(app_token)}, table {table_id}"
    path = f"/open-apis/bitable/v1/apps/{quote(app_token)}/tables/{quote(table_id)}/fields"
    client.call(Call("bitable.field.create", "POST", path, body=body, writes=True, where=where))
