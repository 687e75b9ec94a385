"""Very many lines by numbers: as a set tells them, in a tenth of its memory."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from syncer.engine.hashes import Hashes

LINES = st.lists(st.text(max_size=3))


@given(LINES, LINES, LINES)
def test_hashes_tell_what_a_set_tells(first, second, sought):
    hashes, others = Hashes(), Hashes()
    assert not hashes
    hashes.put(first)
    assert len(hashes) == len(set(first))
    others.put(second)
    hashes.join(others)
    known = {*first, *second}
    assert (bool(hashes), len(hashes)) == (bool(known), len(known))
    assert [hash(one) in hashes for one in sought] == [one in known for one in sought]


def test_three_hundred_thousand_lines_take_little():
    tracemalloc.start()
    try:
        hashes = Hashes()
        for start in range(0, 300_000, 500):
            hashes.put(f"rec{number}" for number in range(start, start + 500))
        assert len(hashes) == 300_000
        assert tracemalloc.get_traced_memory()[0] < 4_000_000
    finally:
        tracemalloc.stop()
