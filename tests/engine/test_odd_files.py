"""Files that are hard to carry: out of reach, changed on the way, with names that Feishu would not take as they are."""

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from syncer.files.storage import Folders
from tests.engine.test_files import Filed


@pytest.fixture
def filed(stage, tmp_path):
    return Filed(stage, tmp_path / "附件")


class Shop(BaseHTTPRequestHandler):
    """Serves one file, and is out of order for any other."""

    def do_HEAD(self):
        self._answer()

    def do_GET(self):
        if self._answer():
            self.wfile.write(b"picture")

    def log_message(self, *_):
        pass

    def _answer(self):
        good = self.path.endswith("good.png")
        self.send_response(200 if good else 503)
        self.send_header("Content-Length", "7" if good else "0")
        self.end_headers()
        return good


@pytest.fixture
def shop():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_file_behind_an_address_goes_up_and_one_out_of_reach_fails_its_field_alone(stage, tmp_path, shop):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        filed = Filed(stage, tmp_path / "附件", more=f', sources: ["{shop}", "{nobody}"]')
        filed.pair.sql("INSERT INTO {t} (no) VALUES ('A'), ('B'), ('C')")
        filed.pair.sync()
        for no, place in (("A", f"{shop}/a/good.png"), ("B", f"{shop}/broken.png"), ("C", f"{nobody}/x.png")):
            filed.pair.sql("UPDATE {t} SET no = %s, files = %s WHERE no = %s", f"{no}2", [place], no)
        assert filed.pair.sync().failures == 2
    by = filed.pair.by("编号")
    assert set(by) == {"A2", "B2", "C2"}
    assert filed.contents(by["A2"]) == [("good.png", b"picture")]
    told = " | ".join(failure.message for failure in filed.pair.failures())
    assert "broken.png" in told
    assert f"{nobody}/x.png" in told
    filed.is_quiet(2)


@pytest.mark.parametrize("becomes", [b"short", b"y" * 300_000, b"y" * 400_000], ids=["shorter", "as long", "longer"])
def test_a_file_that_changes_on_its_way_is_never_in_feishu_by_halves(becomes, filed, monkeypatch):
    path, seen = filed.put("a.bin", b"x" * 300_000), []
    found = Folders.open

    def changing(folders, place):
        seen.append(place)
        if len(seen) == 2:  # it was weighed, now it is to be sent
            filed.put("a.bin", becomes)
        return found(folders, place)

    monkeypatch.setattr(Folders, "open", changing)
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('A', %s)", [path])
    filed.pair.sync()
    filed.stage.syncer.store.retry()
    filed.pair.settle()
    ((_, held),) = filed.contents(filed.pair.by("编号")["A"])
    assert (held == becomes, filed.pair.failures()) == (True, [])
    old = filed.put("old/a.bin", b"x" * 300_000)  # nothing else passes for what it was before
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('B', %s)", [old])
    filed.pair.sync()
    assert filed.contents(filed.pair.by("编号")["B"]) == [("a.bin", b"x" * 300_000)]


def test_names_of_any_length_and_script_arrive_with_their_ending(filed):
    names = ["合同🧾" * 20 + ".pdf", "名" * 80 + ".txt", "無結尾" * 20]
    for number, name in enumerate(names):
        filed.put(name, b"%d" % number)
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('A', %s)", names)
    assert filed.pair.sync().failures == 0, filed.pair.failures()
    held = filed.contents(filed.pair.by("编号")["A"])
    assert [content for _, content in held] == [b"0", b"1", b"2"]
    assert all(len(name) <= 250 for name, _ in held)
    assert held[0][0].endswith(".pdf")
    filed.is_quiet(2)
