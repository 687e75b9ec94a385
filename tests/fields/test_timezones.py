"""Time zones by every name they come under."""

from zoneinfo import ZoneInfo

import pytest

from syncer.errors import MendError
from syncer.fields.timezones import zone


def test_feishus_beijing_is_shanghai():
    assert zone("Asia/Beijing") is zone("Asia/Shanghai") == ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "Asia", "+08:00", "a\0b"])
def test_what_is_no_time_zone_is_said_clearly(name):
    with pytest.raises(MendError, match="write one like Asia/Shanghai"):
        zone(name)
