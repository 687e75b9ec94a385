"""What every code of Feishu's means for us, and how to mend it: one table.

Sources: the error tables of the Bitable pages, the general codes (``/ukTMukTMukTM/ugjM14COyUjL4ITN``) and the rate
limit page. The HTTP status is left out on purpose: for the same code it differs from page to page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType


class Kind(Enum):
    """What a caller can do about a code."""

    WAIT = auto()
    """Refused for now and surely not done: wait, and ask the same again."""
    REFRESH = auto()
    """The access token is no longer taken: fetch a new one and ask again, once."""
    AGAIN = auto()
    """Feishu's own fault: a read is asked again; of a write nobody knows whether it was done."""
    LOOK = auto()
    """Says that the same write arrived before, or may have: look before doing anything."""
    SPLIT = auto()
    """Too much at once: less may pass."""
    SKIP = auto()
    """Something in the content is bad; other lines may be good."""
    STOP = auto()
    """Only a person can mend it."""
    STALE = auto()
    """A field is no longer called so: read the field list again."""
    VANISHED = auto()
    """A record is gone."""
    FINE = auto()
    """Nothing had to be done."""
    STRANGE = auto()
    """A read was refused for a reason that this table does not know."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code: Feishu's name for it, its kind, and a sentence that says how to mend it."""

    number: int
    name: str
    kind: Kind
    mend: str


def _rows(kind: Kind, mend: str, names: Mapping[int, str]) -> Iterator[tuple[int, Code]]:
    for number, name in names.items():
        yield number, Code(number, name, kind, mend)


_VALUE = "The value does not fit the field; correct it, or the field's type in the mapping"
_PERSON = "The person is not known to this app; use ids of this tenant and of this app, and check the contact range"
_ROOM = "The table or base is full; make room in it, or raise the tenant's plan"
_SHAPE = "Feishu did not understand the request; if the mapping names real fields, please report this"
_CREDENTIALS = "Compare FEISHU_APP_ID and FEISHU_APP_SECRET with the developer console (Credentials)"
_INSTALL = "Enable and publish the app in the developer console, and let this tenant install it"
_SHARE = "Add the app to the base as a document app with edit rights (menu ... > More > Add document app)"
_MANAGE = "The base has advanced permissions: give the app the right to manage it (menu ... > More > Add document app)"
_OWN = "Make the app owner or manager of the base (menu ... > More > Add document app, can manage)"
_ADDRESS = "Check app_token and table_id (or the url) in the mapping"
_SLOW = "Feishu is busy; the call is repeated by itself"

CODES: Mapping[int, Code] = MappingProxyType(
    dict(
        row
        for rows in (
            _rows(
                Kind.WAIT,
                _SLOW,
                {
                    99991400: "request trigger frequency limit",
                    1254036: "Base is copying",
                    1254112: "TooManyRequestInSingleBase",
                    1254290: "TooManyRequest",
                    1254291: "Write conflict",
                    1254607: "Data not ready",
                    90235: "Retry later",
                    1061045: "can retry",
                },
            ),
            _rows(
                Kind.REFRESH,
                _CREDENTIALS,
                {
                    99991661: "Missing access token",
                    99991663: "Invalid tenant access token",
                    99991664: "Invalid app access token",
                    99991665: "Invalid tenant code",
                    99991668: "Invalid user access token",
                    99991671: "Invalid access token format",
                    99991677: "Access token expired",
                },
            ),
            _rows(
                Kind.AGAIN,
                "Feishu had a fault of its own; try again later",
                {
                    1254002: "Fail",
                    1254200: "Something went wrong",
                    1255001: "InternalError",
                    1255002: "RpcError",
                    1255003: "MarshalError",
                    1255004: "UnmarshalError",
                    1255005: "ConvError",
                    1255040: "Request timed out",
                    131001: "rpc fail",
                    131007: "internal error",
                    1069601: "fail",
                    1064230: "locked for data migration",
                },
            ),
            # 1254608 says that the same request came before: the first one may well have been done. 1255006 says that
            # a client token was used before, with another body: whatever it was used for, must be looked for.
            _rows(
                Kind.LOOK,
                "An equal request may have been done before; the records are looked at before anything is written",
                {1254608: "Same request submitted repeatedly", 1255006: "Client token conflict"},
            ),
            _rows(
                Kind.SPLIT,
                "Lower SYNCER_BATCH_RECORDS if smaller batches do not follow by themselves",
                {1254030: "TooLargeResponse", 1254104: "RecordAddOnceExceedLimit"},
            ),
            _rows(
                Kind.SKIP,
                _VALUE,
                {
                    1254015: "Field types do not match",
                    1254060: "TextFieldConvFail",
                    1254061: "NumberFieldConvFail",
                    1254062: "SingleSelectFieldConvFail",
                    1254063: "MultiSelectFieldConvFail",
                    1254064: "DatetimeFieldConvFail",
                    1254065: "CheckboxFieldConvFail",
                    1254067: "LinkFieldConvFail",
                    1254068: "URLFieldConvFail",
                    1254069: "AttachFieldConvFail",
                    1254072: "InvalidPhoneNumber",
                    1254074: "DuplexLinkFieldConvFail",
                    1254106: "AttachExceedLimit",
                    1254130: "TooLargeCell",
                },
            ),
            _rows(
                Kind.SKIP,
                _PERSON,
                {
                    1254066: "UserFieldConvFail",
                    99992351: "open_id does not exist",
                    99992361: "open_id of another app",
                    99992364: "user_id of another tenant",
                    99992381: "union_id of another tenant",
                },
            ),
            _rows(
                Kind.SKIP,
                "A file belongs to the base it was uploaded to; it cannot be used in another",
                {1254027: "UploadAttachNotAllowed", 1254303: "AttachPermNotAllow"},
            ),
            _rows(
                Kind.SKIP,
                _SHAPE,
                {
                    1254000: "WrongRequestJson",
                    1254001: "WrongRequestBody",
                    1254006: "WrongRecordId",
                    1254007: "EmptyValue",
                    1254010: "ReqConvError",
                    1254011: "Page size must be greater than 0",
                    1254016: "InvalidSort",
                    1254018: "InvalidFilter",
                    1254037: "Invalid client token",
                    1254107: "Filter too long",
                    1254108: "Sort too long",
                    99992402: "field validation failed",
                },
            ),
            _rows(
                Kind.STOP,
                _CREDENTIALS,
                {
                    10003: "invalid param",
                    10014: "app disabled",
                    10015: "app secret invalid",
                },
            ),
            _rows(
                Kind.STOP,
                _INSTALL,
                {99991662: "app disabled", 99991673: "app not installed", 99991676: "token without permission"},
            ),
            _rows(
                Kind.STOP,
                "Give the app the scope in the developer console (Permissions), publish a version and have it approved",
                {99991672: "Access denied: a scope is missing", 99991679: "the user did not grant a scope"},
            ),
            _rows(
                Kind.STOP,
                "Add this machine's address to the app's IP allow list in the developer console (Security)",
                {99991401: "IP not allowed"},
            ),
            _rows(
                Kind.STOP,
                "The tenant's monthly quota of API calls is used up; raise the plan or wait for the next month",
                {99991403: "monthly quota exhausted"},
            ),
            _rows(
                Kind.STOP,
                _SHARE,
                {91403: "Forbidden", 131006: "permission denied", 1254305: "PermControl", 1254306: "PlanLimit"},
            ),
            _rows(Kind.STOP, _OWN, {1069603: "forbidden"}),
            # Files of attachments (bitable.md 4.5 and the pages of drive-v1/media).
            _rows(
                Kind.AGAIN, "Feishu had a fault of its own; try again later", {1061001: "internal", 1061006: "timeout"}
            ),
            _rows(
                Kind.SKIP,
                "The file cannot be carried; look at the file and at the app's rights on the base",
                {
                    1061002: "params error",
                    1061003: "not found",
                    1061004: "forbidden",
                    1061007: "file has been deleted",
                    1061021: "upload id expired",
                    1061041: "parent node has been deleted",
                    1061043: "file size beyond limit",
                    1061044: "parent node does not exist",
                    1062007: "upload user does not match",
                    1062008: "checksum invalid",
                    1062009: "size is not as announced",
                    1062010: "block missing",
                    1062011: "block number out of bounds",
                },
            ),
            _rows(
                Kind.SKIP,
                "The space for files is full; make room in it, or raise the plan",
                {1061101: "quota exceeded"},
            ),
            _rows(
                Kind.STOP,
                "Give the app bitable:app, or the scopes to upload and download media, and publish a version",
                {1061073: "no scope"},
            ),
            # Approvals (platform.md 5.1) and contacts (6).
            _rows(
                Kind.STOP,
                "Check approval_code in the mapping, and that the app belongs to the approval's tenant",
                {1390001: "param is invalid", 1390002: "approval code not found", 1390016: "approval is deleted"},
            ),
            _rows(
                Kind.STOP,
                "Let the app see this approval (approval admin), and give it approval:approval:readonly",
                {1390009: "no permission for the approval"},
            ),
            _rows(Kind.FINE, "Nothing has to be mended", {1390007: "subscription existed"}),
            _rows(Kind.VANISHED, "It is gone", {1390003: "instance code not found", 41012: "user id invalid"}),
            _rows(Kind.VANISHED, "It is gone", {40015: "department not found"}),
            _rows(
                Kind.STOP,
                "Widen the app's contact range in the developer console (Permissions > Data permissions > Contacts)",
                {40004: "no department authority", 40014: "no parent department authority", 41050: "no user authority"},
            ),
            _rows(Kind.STOP, "It is listed level by level", {43010: "big department forbids recursion"}),
            _rows(
                Kind.SKIP,
                _SHAPE,
                {
                    40001: "param error",
                    40011: "page size is invalid",
                    40012: "page token is invalid",
                    60006: "form is invalid",
                    60012: "uuid conflict",
                    1390004: "user id not found",
                    1390010: "task id not found",
                    1390015: "approval is not active",
                },
            ),
            _rows(Kind.AGAIN, _SLOW, {1395001: "approval failed for now", 40003: "contacts failed for now"}),
            _rows(Kind.STOP, "Nothing has to be mended", {1069605: "not subscribed"}),
            _rows(
                Kind.STOP,
                _MANAGE,
                {1254301: "OperationTypeError", 1254302: "Permission denied", 1254304: "PermNotAllow"},
            ),
            _rows(
                Kind.STOP,
                _ADDRESS,
                {
                    91402: "NOTEXIST",
                    1254003: "WrongBaseToken",
                    1254004: "WrongTableId",
                    1254005: "WrongViewId",
                    1254040: "BaseTokenNotFound",
                    1254041: "TableIdNotFound",
                    1254042: "ViewIdNotFound",
                    1069602: "param error",
                    1069604: "not exist",
                    131002: "param err",
                    131005: "not found",
                },
            ),
            _rows(Kind.STOP, _ROOM, {1254103: "RecordExceedLimit", 1254105: "ColumnExceedLimit"}),
            _rows(
                Kind.STALE,
                "A field was renamed, removed or hidden; the field list is read again",
                {
                    1254009: "WrongFieldId",
                    1254024: "InvalidFieldNames",
                    1254044: "FieldIdNotFound",
                    1254045: "FieldNameNotFound",
                },
            ),
            _rows(Kind.VANISHED, "A record of the call was deleted meanwhile", {1254043: "RecordIdNotFound"}),
            _rows(Kind.FINE, "Nothing had to be changed", {1254606: "DataNotChange"}),
        )
        for row in rows
    )
)

OVER = frozenset({1254002, 1254200, 1255001, 1255003, 1255004, 1255005})
"""Failures that Feishu itself told, so that nothing of them is under way any more; 1255040 (timed out) and 1255002 (an
inner call failed) leave that open. [inferred] from their names.
"""
