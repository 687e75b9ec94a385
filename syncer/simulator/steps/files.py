"""Steps about the files of a base: put one there, look into one."""

from base64 import b64decode, b64encode

from syncer.simulator.model import File
from syncer.simulator.world import World


def add_file(
    world: World,
    app_token: str,
    name: str = "a.txt",
    mime: str = "text/plain",
    size: int = 1,
    content: str | None = None,
) -> dict[str, str]:
    """Upload a file to a base; returns its token. `content` is base64, and counts instead of `size`."""
    base = world.base(app_token, wiki=True)
    held = None if content is None else b64decode(content)
    file = File(world.ids.file(), name, mime, size if held is None else len(held))
    if held is not None:
        world.vault.write(file.file_token, held)
    base.files[file.file_token] = file
    return {"file_token": file.file_token}


def file_content(world: World, app_token: str, file_token: str) -> dict[str, str]:
    """Return name and content of a file, the latter as base64."""
    file = world.base(app_token, wiki=True).files[file_token]
    held = world.vault.path(file_token, file.size).read_bytes()
    return {"name": file.name, "content": b64encode(held).decode()}


OPS = {each.__name__: each for each in (add_file, file_content)}
