"""The answers Feishu refuses with: one table of codes, and the exception that carries one out of a handler.

Two HTTP statuses per code: the one on the older pages (mostly 200) and the one on the newer pages. Where only one is
documented both are the same. Source: the error tables of the Bitable, event and gateway pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Code:
    """One documented code: its message, and the HTTP status under `legacy200` and `new4xx`."""

    number: int
    message: str
    legacy: int
    modern: int


def _rows(legacy: int, modern: int, messages: Mapping[int, str]) -> dict[int, Code]:
    return {number: Code(number, message, legacy, modern) for number, message in messages.items()}


CODES: dict[int, Code] = {
    **_rows(
        400,
        400,
        {
            99991661: "Missing access token for authorization. Please make a request with token attached.",
            99991663: "Invalid access token for authorization. Please make a request with token attached.",
            99991668: "Invalid user access token for authorization.",
            99991671: "Invalid access token for authorization. Token must start with t- or u-.",
            99991672: "Access denied. One of the following scopes is required.",
            99992351: "The request contains invalid open_id: it does not exist.",
            99992361: "open_id cross app",
            99992402: "field validation failed",
        },
    ),
    **_rows(429, 429, {99991400: "request trigger frequency limit"}),
    **_rows(200, 200, {10003: "invalid param", 10014: "app disabled", 10015: "app secret invalid"}),
    **_rows(403, 403, {91403: "Forbidden"}),
    **_rows(404, 404, {91402: "NOTEXIST"}),
    **_rows(
        200,
        400,
        {
            1254000: "WrongRequestJson",
            1254001: "WrongRequestBody",
            1254002: "Fail",
            1254003: "WrongBaseToken",
            1254004: "WrongTableId",
            1254005: "WrongViewId",
            1254006: "WrongRecordId",
            1254007: "EmptyValue",
            1254008: "EmptyView",
            1254009: "WrongFieldId",
            1254010: "ReqConvError",
            1254012: "NotSupportFieldOrView",
            1254013: "TableNameDuplicated",
            1254014: "FieldNameDuplicated",
            1254015: "Field types do not match.",
            1254016: "InvalidSort",
            1254018: "InvalidFilter",
            1254019: "InvalidViewType",
            1254020: "ViewNameDuplicated",
            1254021: "EmptyViewName",
            1254022: "InvalidViewName",
            1254024: "InvalidFieldNames",
            1254026: "EmptyOptionName",
            1254028: "EmptyFieldName",
            1254029: "InvalidFieldName",
            1254030: "TooLargeResponse",
            1254031: "InvalidAppName",
            1254060: "TextFieldConvFail",
            1254061: "NumberFieldConvFail",
            1254062: "SingleSelectFieldConvFail",
            1254063: "MultiSelectFieldConvFail",
            1254064: "DatetimeFieldConvFail",
            1254065: "CheckboxFieldConvFail",
            1254066: "UserFieldConvFail",
            1254067: "LinkFieldConvFail",
            1254072: "InvalidPhoneNumber",
            1254100: "TableExceedLimit",
            1254101: "ViewExceedLimit",
            1254103: "RecordExceedLimit",
            1254104: "RecordAddOnceExceedLimit",
            1254105: "ColumnExceedLimit",
            1254106: "AttachExceedLimit",
            1254130: "TooLargeCell",
            1254291: "Write conflict",
            1254301: "OperationTypeError",
            1254303: "AttachPermNotAllow",
        },
    ),
    **_rows(
        200,
        404,
        {
            1254040: "BaseTokenNotFound",
            1254041: "TableIdNotFound",
            1254042: "ViewIdNotFound",
            1254043: "RecordIdNotFound",
            1254044: "FieldIdNotFound",
            1254045: "FieldNameNotFound",
        },
    ),
    **_rows(
        200,
        200,
        {
            1254023: "LastViewDeleteForbidden",
            1254046: "PrimaryFieldDeleteForbidden",
            1254070: "ActionValidateFailed",
            1254112: "TooManyRequestInSingleBase",
            1254606: "DataNotChange",
        },
    ),
    **_rows(200, 500, {1254068: "URLFieldConvFail", 1254069: "AttachFieldConvFail"}),
    **_rows(
        400,
        400,
        {
            1254011: "Page size must greater than 0.",
            1254036: "Base is copying, please try again later.",
            1254037: "Invalid client token, please check",
            1254074: "DuplexLinkFieldConvFail",
            1254080: "TextFieldPropertyError",
            1254081: "NumberFieldPropertyError",
            1254082: "SingleSelectFieldPropertyError",
            1254083: "MultiSelectFieldPropertyError",
            1254084: "DateTimeFieldPropertyError",
            1254085: "CheckboxFieldPropertyError",
            1254086: "UserFieldPropertyError",
            1254087: "URLFieldPropertyError",
            1254088: "AttachmentFieldPropertyError",
            1254089: "LinkFieldPropertyError",
            1254090: "LookUpFieldPropertyError",
            1254091: "FormulaFieldPropertyError",
            1254092: "DuplexLinkFieldPropertyError",
            1254093: "CreatedTimeFieldPropertyError",
            1254094: "ModifiedTimeFieldPropertyError",
            1254095: "CreatedByFieldPropertyError",
            1254096: "ModifiedByFieldPropertyError",
            1254607: "Data not ready, please try again later",
            1254800: "InvalidParameter",
            1255006: "Client token conflict, please generate a new client token and try again",
            131001: "rpc fail",
            131002: "param err",
            131005: "not found",
            131006: "permission denied",
        },
    ),
    **_rows(
        403,
        403,
        {
            1254027: "UploadAttachNotAllowed",
            1254034: "The last table cannot be deleted",
            1254304: "PermNotAllow",
            1254608: "Same API requests are submitted repeatedly",
        },
    ),
    **_rows(200, 403, {1254302: "Permission denied."}),
    **_rows(200, 429, {1254290: "TooManyRequest"}),
    **_rows(200, 500, {1254200: "Something went wrong", 1255001: "InternalError", 1255002: "RpcError"}),
    **_rows(500, 500, {1069601: "fail"}),
    **_rows(
        400,
        400,
        {
            1061002: "params error.",
            1061021: "upload id expire.",
            1061041: "parent node has been deleted.",
            1061043: "file size beyond limit.",
            1061044: "parent node not exist.",
            1061101: "file quota exceeded.",
            1062007: "upload user not match.",
            1062008: "checksum param Invalid.",
            1062009: "the actual size is inconsistent with the parameter declaration size.",
            1062010: "block missing, please upload all blocks.",
            1062011: "block num out of bounds.",
            1064230: "locked for data migration",
            1069602: "param error",
            1069604: "file not found",
            1069605: "file not subscribed",
            212100: "app not installed",
        },
    ),
    **_rows(200, 200, {1061001: "internal error.", 1061006: "operation time out.", 1061045: "can retry."}),
    **_rows(404, 404, {1061003: "not found.", 1061007: "file has been deleted."}),
    **_rows(403, 403, {1061004: "forbidden.", 1061073: "no scope auth.", 1069603: "forbidden"}),
    **_rows(
        200,
        200,
        {
            1: "system busy",
            403: "forbidden",
            514: "auth failed",
            1000040343: "internal error",
            1000040344: "no credential",
            1000040350: "too many connections",
        },
    ),
    **_rows(
        400,
        400,
        {
            40001: "param error",
            40011: "page size is invalid, it must be in [1, 50]",
            40012: "page token is invalid",
            40015: "dept not exist",
            41012: "user id invalid",
            43010: "big dept forbid recursion",
            1390001: "param is invalid",
            1390002: "approval code not found",
            1390003: "instance code not found",
            1390004: "user id not found",
            1390007: "subscription existed",
            1390010: "task id not found",
            1390015: "approval is not active",
            1390016: "approval is deleted",
            60006: "form is invalid",
            60012: "uuid conflict",
        },
    ),
    **_rows(
        403,
        403,
        {
            1390009: "no permission",
            40004: "no dept authority",
            40014: "no parent dept authority",
            41050: "no user authority",
        },
    ),
    **_rows(504, 504, {1255040: "Request timed out, please try again later"}),
}


@dataclass(eq=False, slots=True)
class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """A call is answered with `code`; `details` join the `error` object, `headers` the response.

    `status` overrides the table's HTTP status, `message` its text.
    """

    code: int
    message: str | None = None
    details: dict[str, object] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None

    def text(self) -> str:
        """Return the `msg` of the answer."""
        known = CODES.get(self.code)
        return self.message or (known.message if known else "Fail")

    def http(self, *, modern: bool) -> int:
        """Return the HTTP status of the answer under the given status mode."""
        if self.status is not None:
            return self.status
        known = CODES.get(self.code)
        if known is None:
            return 400 if modern else 200
        return known.modern if modern else known.legacy


def invalid(name: str, description: str, value: object = "") -> Refusal:
    """Return the gateway's 99992402 for one bad parameter, with its `field_violations`."""
    violation = {"field": name, "description": description, "value": str(value)}
    return Refusal(99992402, details={"field_violations": [violation]})
