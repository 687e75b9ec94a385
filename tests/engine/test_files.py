"""Attachments whose files stand in a folder: fetched, uploaded, left in peace, and what goes wrong with them."""

import hashlib
import json
import os
import threading
from pathlib import Path

import pytest

from tests.engine.stage import DeadError, written

MEGABYTES = 1024 * 1024
FIELDS = {"编号": 1, "附件": 17}
COLUMNS = "id serial PRIMARY KEY, no text UNIQUE, files text[]"


class Filed:
    """Records with attachments, rows with places, and the folder between them."""

    def __init__(self, stage, folder, columns=COLUMNS, more="", name="orders"):
        self.stage, self.folder, self.base = stage, folder, stage.base
        folder.mkdir(exist_ok=True)
        files = f"files: {{folder: {folder}{more}}}"
        pairs = f"  - {{field: 编号, column: no}}\n  - {{field: 附件, column: files, {files}}}"
        mapping = f"match: [no]\nfields:\n{pairs}"
        self.pair = stage.pair(FIELDS, columns, mapping, name=name)

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def token(self, name, content=b"x"):
        return self.stage.control.add_file(self.base, name, content=content)

    def cell(self, record):
        held = self.stage.control.records(self.base, self.pair.place.table_id)[record]["fields"]
        return held.get("附件") or []

    def contents(self, record):
        content = self.stage.control.file_content
        return [(file["name"], content(self.base, file["file_token"])) for file in self.cell(record)]

    def places(self, no):
        ((found,),) = self.pair.sql("SELECT files FROM {t} WHERE no = %s", no)
        return found

    def uploads(self):
        counts = self.stage.control.counts()
        return {name.rsplit(".")[-1]: n for name, n in counts.items() if name.startswith("drive.media.")}

    def is_quiet(self, runs=5):
        before, calls, folder = self.pair.truth(), self.uploads(), self.listing()
        for number in range(runs):
            report = self.pair.sync(full=number % 2 == 0)
            assert written(report) == {}
        assert (self.pair.truth(), self.uploads(), self.listing()) == (before, calls, folder)

    def listing(self):
        return sorted((str(each), each.stat().st_mtime_ns) for each in self.folder.rglob("*") if each.is_file())


@pytest.fixture
def filed(stage, tmp_path):
    return Filed(stage, tmp_path / "附件 folder")


def test_files_of_a_record_are_fetched_and_their_places_stand_in_the_column_in_order(filed):
    one, two = filed.token("合同 🙂.pdf", b"one"), filed.token("合同 🙂.pdf", b"")
    (record,) = filed.pair.add({"编号": "A", "附件": [{"file_token": two}, {"file_token": one}]})
    filed.pair.add({"编号": "B"})
    assert filed.pair.sync().failures == 0
    places = filed.places("A")
    assert places == [f"{filed.folder}/{two}/合同 🙂.pdf", f"{filed.folder}/{one}/合同 🙂.pdf"]
    assert [Path(place).read_bytes() for place in places] == [b"", b"one"]
    assert filed.places("B") is None
    filed.is_quiet()
    filed.pair.edit(record, 附件=[{"file_token": one}])
    filed.pair.sync()
    assert filed.places("A") == [f"{filed.folder}/{one}/合同 🙂.pdf"]
    assert filed.uploads() == {"download": 2}
    filed.pair.edit(record, 附件=None)
    filed.pair.sync()
    assert filed.places("A") is None
    assert len(filed.listing()) == 2  # what was fetched stays
    filed.is_quiet(2)


def test_files_named_by_a_row_are_uploaded_once_and_named_there_in_order(filed):
    first, second = filed.put("in/发票 🧾.txt", "内容".encode()), filed.put("b.bin", b"")
    same = filed.put("copy/发票 🧾.txt", "内容".encode())
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('A', %s), ('B', %s)", [second, first], [same, "b.bin"])
    assert filed.pair.sync().failures == 0
    by = filed.pair.by("编号")
    assert filed.contents(by["A"]) == [("b.bin", b""), ("发票 🧾.txt", "内容".encode())]
    assert filed.contents(by["B"]) == [("发票 🧾.txt", "内容".encode()), ("b.bin", b"")]
    assert filed.uploads() == {"upload_all": 2}
    assert filed.places("B") == [same, "b.bin"]
    filed.is_quiet()
    # a person adds one more, and what came from here keeps its place
    mine = filed.token("新.png", b"png")
    tokens = [*(file["file_token"] for file in filed.cell(by["A"])), mine]
    filed.pair.edit(by["A"], 附件=[{"file_token": token} for token in tokens])
    filed.pair.sync()
    assert filed.places("A")[0] == second
    assert filed.places("A")[2] == f"{filed.folder}/{mine}/新.png"
    filed.pair.sql("UPDATE {t} SET files = NULL WHERE no = 'B'")
    filed.pair.sync()
    assert filed.cell(by["B"]) == []
    filed.is_quiet(2)


def test_a_path_that_is_written_anew_is_looked_at_anew(filed):
    path = filed.put("a.txt", b"old")
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('A', %s)", [path])
    filed.pair.sync()
    filed.put("a.txt", b"newer")
    filed.is_quiet(2)  # the column says the same
    filed.pair.sql("UPDATE {t} SET files = %s", [path, filed.put("b.txt", b"b")])
    filed.pair.sync()
    assert filed.contents(filed.pair.by("编号")["A"]) == [("a.txt", b"newer"), ("b.txt", b"b")]
    filed.is_quiet(2)


def test_a_file_that_is_not_there_fails_its_field_alone_until_somebody_retries_it(filed):
    filed.pair.sql("INSERT INTO {t} (no) VALUES ('A')")
    filed.pair.sync()
    filed.pair.sql("UPDATE {t} SET no = 'A2', files = '{later.txt}'")
    report = filed.pair.sync()
    (failure,) = filed.pair.failures()
    assert "there is no file" in failure.message
    assert "later.txt" in failure.message
    assert (report.status, list(filed.pair.by("编号"))) == ("failed_lines", ["A2"])
    assert filed.pair.sync(full=True).failures == 0  # it is no news
    filed.put("later.txt", b"now")
    filed.stage.syncer.store.retry()
    filed.pair.sync()
    assert filed.contents(filed.pair.by("编号")["A2"]) == [("later.txt", b"now")]
    assert filed.pair.failures() == []
    filed.is_quiet(2)


def test_nothing_outside_of_the_folder_is_ever_uploaded(filed):
    (filed.folder / "link").symlink_to("/etc")
    places = ["/etc/passwd", "../secret.txt", "a/../../secret.txt", "https://a.cn/x", "link/passwd"]
    for number, place in enumerate(places):
        filed.pair.sql("INSERT INTO {t} (no, files) VALUES (%s, %s)", str(number), [place])
    filed.pair.sync()
    told = [failure.message for failure in filed.pair.failures()]
    assert len(told) == len(places)
    assert all("is not below" in message for message in told)
    assert filed.pair.plain() == {}
    assert filed.uploads() == {}


def test_names_that_lead_elsewhere_become_one_part_of_a_path(filed):
    names = ["../../evil.txt", "..", "a/b\\c.txt", "名" * 200 + ".pdf", "x\n.txt", "::s3"]
    cell = [{"file_token": filed.token(name, name.encode())} for name in names]
    filed.pair.add({"编号": "A", "附件": cell})
    assert filed.pair.sync().failures == 0
    places = [Path(place) for place in filed.places("A")]
    assert [place.read_bytes().decode() for place in places] == names
    assert all(place.parent.parent == filed.folder and len(place.name.encode()) <= 255 for place in places)
    assert places[3].suffix == ".pdf"
    filed.is_quiet(2)


def test_a_plan_neither_fetches_nor_uploads(filed):
    filed.pair.add({"编号": "A", "附件": [{"file_token": filed.token("a.txt")}]})
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('B', %s)", [filed.put("b.txt", b"b")])
    report = filed.pair.sync(dry=True)
    assert sum(report.written.values()) == 2
    assert (filed.uploads(), len(filed.listing())) == ({}, 1)


def test_who_is_killed_between_upload_and_write_does_not_upload_again(filed):
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('A', %s)", [filed.put("a.txt", b"content")])

    def die(when, step):
        if (when, step) == ("before", "records.create"):
            raise DeadError

    filed.stage.syncer.tell = die
    with pytest.raises(DeadError):
        filed.pair.sync()
    assert filed.uploads() == {"upload_all": 1}
    filed.stage.restart()
    filed.pair.settle()
    assert filed.contents(filed.pair.by("编号")["A"]) == [("a.txt", b"content")]
    assert filed.uploads() == {"upload_all": 1}
    filed.is_quiet(2)


def test_a_file_of_another_base_is_uploaded_anew(filed):
    other = filed.stage.control.create_base("别处")
    foreign = filed.stage.control.add_file(other, "a.txt", content=b"theirs")
    path = filed.put(f"{foreign}/a.txt", b"theirs")
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('A', %s)", [path])
    filed.pair.sync()
    assert filed.contents(filed.pair.by("编号")["A"]) == [("a.txt", b"theirs")]
    filed.is_quiet(2)


def test_what_breaks_off_is_begun_anew_and_never_stands_there_by_halves(filed):
    content = bytes(range(256)) * 2000
    filed.pair.add({"编号": "A", "附件": [{"file_token": filed.token("a.bin", content)}]})
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('B', %s)", [filed.put("b.bin", content)])
    for api in ("drive.media.download", "drive.media.upload_all"):
        filed.stage.control.fault(api, "truncated_json", torn=True)
        filed.stage.control.fault(api, "code", code=1061045)
        filed.stage.control.fault(api, "rate_limit", reset=1)
    assert filed.pair.sync().failures == 0
    (place,) = filed.places("A")
    assert Path(place).read_bytes() == content
    assert filed.contents(filed.pair.by("编号")["B"]) == [("b.bin", content)]
    assert len(filed.listing()) == 2


def test_twenty_megabytes_go_at_once_and_one_byte_more_in_parts(filed):
    filed.stage.control.set_switches(upload_block_bytes=8 * MEGABYTES)
    edge, above = bytes(20 * MEGABYTES), bytes(range(256)) * (21 * MEGABYTES // 256) + b"!"
    filed.pair.sql(
        "INSERT INTO {t} (no, files) VALUES ('A', %s)", [filed.put("edge.bin", edge), filed.put("above.bin", above)]
    )
    assert filed.pair.sync().failures == 0
    sizes = [(name, hashlib.sha256(held).digest()) for name, held in filed.contents(filed.pair.by("编号")["A"])]
    assert sizes == [("edge.bin", hashlib.sha256(edge).digest()), ("above.bin", hashlib.sha256(above).digest())]
    assert filed.uploads() == {"upload_all": 1, "upload_prepare": 1, "upload_part": 3, "upload_finish": 1}
    filed.is_quiet(2)


def test_a_text_column_holds_one_place_a_line_and_a_document_a_list(stage, tmp_path):
    for column in ("text", "jsonb", "varchar(400)"):
        name = f"as_{column[:4]}"
        columns = f"id serial PRIMARY KEY, no text UNIQUE, files {column}"
        filed = Filed(stage, tmp_path / name, columns=columns, name=name)
        tokens = [filed.token("一.txt", b"1"), filed.token("二.txt", b"2")]
        filed.pair.add({"编号": "A", "附件": [{"file_token": token} for token in tokens]})
        places = [filed.put("x.txt", b"x"), filed.put("y.txt", b"y")]
        filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('B', %s)", _held(column, places))
        assert filed.pair.sync().failures == 0
        fetched = [f"{filed.folder}/{tokens[0]}/一.txt", f"{filed.folder}/{tokens[1]}/二.txt"]
        held = filed.places("A")
        assert (held if isinstance(held, list) else held.split("\n")) == fetched
        assert filed.contents(filed.pair.by("编号")["B"]) == [("x.txt", b"x"), ("y.txt", b"y")]
        filed.is_quiet(2)


def _held(column, places):
    return json.dumps(places) if column == "jsonb" else "\n".join(places)


def test_a_base_with_advanced_permissions_is_told_which_table_asks(filed):
    filed.stage.control.set_advanced(filed.base)
    filed.pair.add({"编号": "A", "附件": [{"file_token": filed.token("a.txt", b"a")}]})
    assert filed.pair.sync().failures == 0
    assert Path(filed.places("A")[0]).read_bytes() == b"a"


def test_folders_behind_addresses_are_used_like_others(stage, tmp_path):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/elsewhere/源.txt", b"source")
    address = type("Address", (), {"mkdir": lambda *_, **__: None, "__str__": lambda _: "memory://bucket/files"})()
    filed = Filed(stage, address, more=", sources: [memory://elsewhere]")
    token = filed.token("a.txt", b"a")
    filed.pair.add({"编号": "A", "附件": [{"file_token": token}]})
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('B', '{memory://elsewhere/源.txt}')")
    assert filed.pair.sync().failures == 0
    assert filed.places("A") == [f"memory://bucket/files/{token}/a.txt"]
    assert memory.cat(f"/bucket/files/{token}/a.txt") == b"a"
    assert filed.contents(filed.pair.by("编号")["B"]) == [("源.txt", b"source")]
    before = filed.pair.truth()
    assert (written(filed.pair.full()), written(filed.pair.sync()), filed.pair.truth()) == ({}, {}, before)


def test_a_file_that_feishu_does_not_give_out_fails_its_field_until_somebody_retries_it(filed):
    (known,) = filed.pair.add({"编号": "old"})
    filed.pair.sync()
    filed.stage.control.fault("drive.media.download", "code", code=1061004, times=2)
    filed.pair.edit(known, 编号="edited", 附件=[{"file_token": filed.token("a.txt", b"a")}])
    filed.pair.add({"编号": "new", "附件": [{"file_token": filed.token("b.txt", b"b")}]})
    filed.pair.sync()
    assert ["1061004" in failure.message for failure in filed.pair.failures()] == [True, True]
    assert filed.pair.rows("no, files") == [("edited", None)]  # the rest of a line goes on, a new line waits
    filed.stage.syncer.store.retry()
    filed.pair.settle()
    assert [Path(filed.places(no)[0]).read_bytes() for no in ("edited", "new")] == [b"a", b"b"]
    assert filed.pair.failures() == []
    filed.is_quiet(2)


def test_an_upload_that_feishu_has_forgotten_is_done_anew(filed):
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('A', %s)", [filed.put("a.txt", b"content")])
    filed.stage.control.fault("bitable.record.batch_create", "code", code=1254303)
    filed.pair.sync()
    (failure,) = filed.pair.failures()
    assert "1254303" in failure.message
    filed.stage.syncer.store.retry()
    filed.pair.sync()
    assert filed.contents(filed.pair.by("编号")["A"]) == [("a.txt", b"content")]
    assert (filed.uploads(), filed.pair.failures()) == ({"upload_all": 2}, [])
    filed.is_quiet(2)


def test_check_tells_of_a_folder_or_a_column_that_cannot_be_used(stage, tmp_path):
    (tmp_path / "file").write_text("no folder")
    check, found = stage.syncer.check, []
    stage.syncer.check = lambda *about: found.append(check(*about)) or found[-1]
    for number, (files, columns, told) in enumerate(
        (
            (f"folder: {tmp_path}/file/below", COLUMNS, "no file can be written to"),
            ("folder: unknown://bucket", COLUMNS, "cannot be used"),
            (f"folder: {tmp_path}/ok", COLUMNS.replace("files text[]", "files integer"), "goes with a column of type"),
            ("name: a.jpg", COLUMNS, "columns of type bytea"),
        )
    ):
        way = ", direction: to_feishu" if files.startswith("name") else ""
        pair = f"{{field: 附件, column: files, files: {{{files}}}{way}}}"
        with pytest.raises(AssertionError):  # the stage wants no faults
            stage.pair(
                FIELDS, columns, f"match: [no]\nfields:\n  - {{field: 编号, column: no}}\n  - {pair}", name=f"t{number}"
            )
        assert told in found[-1].faults[0]


def test_bytes_in_a_column_are_uploaded_once_and_go_to_feishu_alone(stage):
    photo = "{field: 附件, column: photo, direction: to_feishu, files: {name: 照片.jpg}}"
    mapping = f"match: [no]\nfields:\n  - {{field: 编号, column: no}}\n  - {photo}"
    pair = stage.pair(FIELDS, "id serial PRIMARY KEY, no text UNIQUE, photo bytea", mapping)
    large = os.urandom(5 * MEGABYTES)
    pair.sql("INSERT INTO {t} (no, photo) VALUES ('A', %s), ('B', %s), ('C', NULL), ('D', '')", large, large)
    assert pair.sync().failures == 0

    def held():
        cells = stage.control.records(stage.base, pair.place.table_id)
        files = {line: cells[record]["fields"].get("附件") or [] for line, record in pair.by("编号").items()}
        content = stage.control.file_content
        return {
            line: [(file["name"], content(stage.base, file["file_token"])) for file in some]
            for line, some in files.items()
        }

    assert held() == {"A": [("照片.jpg", large)], "B": [("照片.jpg", large)], "C": [], "D": [("照片.jpg", b"")]}
    assert stage.control.counts()["drive.media.upload_all"] == 2
    before = pair.truth()
    for number in range(5):
        assert written(pair.sync(full=number % 2 == 0)) == {}
    assert pair.truth() == before
    pair.sql("UPDATE {t} SET photo = 'new' WHERE no = 'A'")
    pair.sql("UPDATE {t} SET photo = NULL WHERE no = 'B'")
    pair.edit(pair.by("编号")["C"], 附件=[{"file_token": stage.control.add_file(stage.base, "mine.jpg")}])
    pair.sync()
    assert {line: some[:1] for line, some in held().items() if line in "AB"} == {"A": [("照片.jpg", b"new")], "B": []}
    assert pair.sql("SELECT photo FROM {t} WHERE no = 'C'") == [(None,)]
    assert pair.failures() == []


class Resident(threading.Thread):
    """The most memory this process has in use, above what it had at first; the simulator is in it too."""

    def __init__(self):
        super().__init__(daemon=True)
        self.first, self.most, self.over = self.now(), 0, threading.Event()

    def now(self):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEGABYTES

    def run(self):
        while not self.over.wait(0.005):
            self.most = max(self.most, self.now() - self.first)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured as Linux tells it")
def test_memory_does_not_grow_with_a_file(filed):
    size = int(os.environ.get("MEGABYTES", "64")) * MEGABYTES
    filed.pair.add({"编号": "small", "附件": [{"file_token": filed.token("s.bin")}]})
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('tiny', %s)", [filed.put("t.bin", b"t")])
    filed.pair.sync()
    with (filed.folder / "large.bin").open("wb") as file:
        file.truncate(size)
    filed.pair.sql("INSERT INTO {t} (no, files) VALUES ('up', '{large.bin}')")
    with Resident() as up:
        assert filed.pair.sync().failures == 0
    token = filed.stage.control.add_file(filed.base, "down.bin", size=size)
    filed.pair.add({"编号": "down", "附件": [{"file_token": token}]})
    with Resident() as down:
        assert filed.pair.sync().failures == 0
    assert [file["size"] for file in filed.cell(filed.pair.by("编号")["up"])] == [size]
    assert Path(filed.places("down")[0]).stat().st_size == size
    assert max(up.most, down.most) < 20, (up.most, down.most)
