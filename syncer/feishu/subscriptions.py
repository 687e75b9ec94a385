"""Subscribes an app to the events of a base. Without it Feishu sends none, whatever the developer console says.

Source: ``/uAjLw4CM/ukTMukTMukTM/reference/drive-v1/file/subscribe`` (2025-07-15). A call takes the base's true token
(that of a wiki node is not found), has no body for a base, and may be repeated; whether a subscription can be lost is
not documented, so it is asserted again from time to time.
"""

from urllib.parse import quote

from syncer.core.sources import APPROVAL
from syncer.errors import FeishuSetupError
from syncer.feishu.calls import Call
from syncer.feishu.client import FeishuClient
from syncer.feishu.errors import short

_NOT_SUBSCRIBED = 1069605
_BITABLE = {"file_type": "bitable"}


def subscribe(client: FeishuClient, app_token: str) -> None:
    """Have the events of a base, or of ``approval/<code>``, sent to the app. Raises like ``FeishuClient.call``."""
    source, _, code = app_token.partition("/")
    if source == APPROVAL and code:
        path = f"/open-apis/approval/v4/approvals/{quote(code, safe='')}/subscribe"
        client.call(Call("approval.definition.subscribe", "POST", path, body={}, where=f"approval {code}"))
        return
    client.call(_call("drive.file.subscribe", "POST", app_token, "subscribe"))


def is_subscribed(client: FeishuClient, app_token: str) -> bool:
    """Whether the events of a base are sent to the app; may be asked ten times a minute. Raises like ``call``."""
    try:
        answer = client.call(_call("drive.file.get_subscribe", "GET", app_token, "get_subscribe"))
    except FeishuSetupError as error:
        if error.code == _NOT_SUBSCRIBED:
            return False
        raise
    return bool(answer.data.get("is_subscribe"))


def _call(api: str, method: str, app_token: str, verb: str) -> Call:
    path = f"/open-apis/drive/v1/files/{quote(app_token)}/{verb}"
    return Call(api, method, path, query=_BITABLE, where=f"base {short(app_token)}")
