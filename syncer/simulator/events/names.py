"""People as events name them: under three ids, the user_id only for who may see it. [doc]"""

from syncer.simulator.people import Person
from syncer.simulator.tokens import App

_EMPLOYEE_ID = "contact:user.employee_id:readonly"


def ids_of(person: Person, app: App) -> dict[str, str]:
    """Return a person's ids as the app may know them."""
    ids = {"union_id": person.union_id, "open_id": person.open_id}
    return ids | {"user_id": person.user_id} if _EMPLOYEE_ID in app.scopes else ids
