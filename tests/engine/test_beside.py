"""Pages fetched beside other work: in their order, and what they come from is let go however the reading ends."""

import pytest

from syncer.engine.beside import Pages, PagesBeside


def counted(log, most=100):
    try:
        yield from range(most)
    finally:
        log.append("closed")


@pytest.mark.parametrize("way", [Pages, PagesBeside])
def test_all_pages_come_once_and_in_order(way):
    log = []
    with way(counted(log)) as pages:
        taken = [*pages.ready(), *pages.rest()]
    assert (taken, log) == (list(range(100)), ["closed"])


@pytest.mark.parametrize("way", [Pages, PagesBeside])
def test_what_is_left_in_the_middle_is_closed_at_once_and_not_by_the_garbage_collector(way):
    log = []
    source = counted(log)
    with way(source) as pages:
        assert next(pages.rest()) == 0
    assert log == ["closed"]
    assert source.gi_frame is None


def test_an_error_comes_where_its_page_would_have_come():
    def broken():
        yield 1
        raise OSError("the server went away")

    with PagesBeside(broken()) as pages:
        rest = pages.rest()
        assert next(rest) == 1
        with pytest.raises(OSError, match="went away"):
            next(rest)
