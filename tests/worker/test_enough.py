"""When a run makes room for others."""

from syncer.worker.enough import StopFlag, enough


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_slice_lasts_its_time_from_the_first_line_carried_out():
    clock = Clock()
    asked = enough(StopFlag(), 300, clock)
    clock.now = 20
    assert not asked()
    clock.now = 319
    assert not asked()
    clock.now = 320
    assert asked()


def test_who_looked_for_long_carries_out_for_as_long():
    clock = Clock()
    asked = enough(StopFlag(), 300, clock)
    clock.now = 1000
    assert not asked()
    clock.now = 1999
    assert not asked()
    clock.now = 2000
    assert asked()


def test_a_worker_that_is_to_stop_is_enough_at_once():
    flag = StopFlag()
    asked = enough(flag, 300, Clock())
    assert not asked()
    flag.raise_()
    assert asked()


def test_a_pause_is_looked_for_once_a_second():
    clock, looks = Clock(), []

    def paused():
        looks.append(clock.now)
        return clock.now >= 3

    asked = enough(StopFlag(), 300, clock, paused)
    for clock.now in (0, 0.5, 1, 1.9, 2.5):
        assert not asked()
    assert looks == [0, 1, 2.5]
    clock.now = 4
    assert asked()
