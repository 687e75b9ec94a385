"""Files of a base over the wire: uploaded whole or in parts, downloaded, refused."""

import json
import zlib

import pytest

ALL, PREPARE = "/drive/v1/medias/upload_all", "/drive/v1/medias/upload_prepare"
PART, FINISH = "/drive/v1/medias/upload_part", "/drive/v1/medias/upload_finish"
MEGABYTES = 1024 * 1024


@pytest.fixture
def upload(api, place):
    """Sends a file of at most 20 MB."""

    def send(content, name="合同 🙂.pdf", **changed):
        told = {"file_name": name, "parent_type": "bitable_file", "parent_node": place.app_token}
        told |= {"size": str(len(content)), "checksum": str(zlib.adler32(content)), **changed}
        answer = api.raw("POST", ALL, data=told, files={"file": (name, content)})
        return answer.json()

    return send


def taken(api, token, **headers):
    bearer = {"Authorization": f"Bearer {api.token}", **headers}
    return api.raw("GET", f"/drive/v1/medias/{token}/download", headers=bearer)


def test_what_is_uploaded_stands_in_a_cell_and_is_downloaded_again(api, upload, orders, control, place):
    token = upload(b"hello \xe4\xbd\xa0")["data"]["file_token"]
    orders.create({"附件": [{"file_token": token}]})
    (shown,) = orders.search().data["items"][0]["fields"]["附件"]
    assert (shown["name"], shown["size"], shown["type"]) == ("合同 🙂.pdf", 9, "application/pdf")
    whole = taken(api, token)
    assert (whole.content, whole.headers["Content-Type"]) == (b"hello \xe4\xbd\xa0", "application/pdf")
    piece = taken(api, token, Range="bytes=6-8")
    assert (piece.status_code, piece.content) == (206, "你".encode())
    assert control.file_content(place.app_token, token) == whole.content


def test_an_upload_that_is_not_as_announced_is_refused(upload, control, place):
    assert upload(b"")["code"] == 0
    assert upload(b"abc", size="4")["code"] == 1062009
    assert upload(b"abc", checksum="1")["code"] == 1062008
    assert upload(b"abc", file_name="x" * 251)["code"] == 1061002
    assert upload(b"abc", parent_type="docx")["code"] == 1061002
    assert upload(b"abc", parent_node="bascnNowhere")["code"] == 1061044
    assert upload(b"abc", parent_node=control.add_wiki_node(place.app_token))["code"] == 1061044
    assert upload(b"x", size=str(20 * MEGABYTES + 1))["code"] == 1061043


def test_a_file_of_twenty_megabytes_goes_at_once_and_one_byte_more_in_parts(api, upload, place, control):
    assert upload(bytes(20 * MEGABYTES), "edge.bin")["code"] == 0
    control.set_switches(upload_block_bytes=8 * MEGABYTES)
    content = bytes(range(256)) * (20 * MEGABYTES // 256) + b"!"
    told = {"file_name": "big.bin", "parent_type": "bitable_file", "parent_node": place.app_token, "size": len(content)}
    began = api.call("POST", PREPARE, told).data
    assert (began["block_size"], began["block_num"]) == (8 * MEGABYTES, 3)
    upload_id = began["upload_id"]
    for seq in (2, 0):
        assert _send_part(api, upload_id, seq, content) == 0
    assert api.call("POST", FINISH, {"upload_id": upload_id, "block_num": 3}).code == 1062010
    assert _send_part(api, upload_id, 1, content[:-5]) == 0
    assert _send_part(api, upload_id, 3, content, size=1) == 1062011
    token = api.call("POST", FINISH, {"upload_id": upload_id, "block_num": 3}).data["file_token"]
    assert control.file_content(place.app_token, token) == content
    assert api.call("POST", FINISH, {"upload_id": upload_id, "block_num": 3}).code == 1061021


def _send_part(api, upload_id, seq, content, size=None):
    block = content[seq * 8 * MEGABYTES : (seq + 1) * 8 * MEGABYTES] or b"x"
    told = {"upload_id": upload_id, "seq": str(seq), "size": str(size or len(block))}
    told["checksum"] = str(zlib.adler32(block))
    return api.raw("POST", PART, data=told, files={"file": ("part", block)}).json()["code"]


def test_a_base_with_advanced_permissions_wants_to_know_the_table(api, control, place):
    token = control.add_file(place.app_token, size=3)
    assert taken(api, token).content == bytes(3)
    control.set_advanced(place.app_token)
    refused = taken(api, token)
    assert (refused.status_code, refused.json()["code"]) == (403, 1061004)
    extra = json.dumps({"bitablePerm": {"tableId": place.table_id, "rev": 1}})
    assert api.raw("GET", f"/drive/v1/medias/{token}/download", params={"extra": extra}).content == bytes(3)
    assert taken(api, "boxNowhere").json()["code"] == 1061003


def test_a_temporary_address_needs_no_token(api, control, place):
    token = control.add_file(place.app_token, content=b"abc")
    path = "/drive/v1/medias/batch_get_tmp_download_url"
    (made,) = api.call("GET", path, file_tokens=token).data["tmp_download_urls"]
    assert api.raw("GET", made["tmp_download_url"].split("/open-apis")[1], headers={}).content == b"abc"
    assert api.call("GET", path, file_tokens=["a"] * 6).code == 1061002


def test_a_download_can_break_off(api, control, place):
    import requests

    token = control.add_file(place.app_token, size=100_000)
    control.fault("drive.media.download", "truncated_json", torn=True)
    with pytest.raises(requests.RequestException):
        taken(api, token)
    control.fault("drive.media.download", "html")
    assert taken(api, token).status_code == 502
    assert len(taken(api, token).content) == 100_000
