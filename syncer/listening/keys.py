"""What proves the deliveries of each Feishu app, and what to say where that is too little."""

from collections.abc import Mapping

from syncer.feishu.seal import Keys
from syncer.settings import DEFAULT_APP, FeishuApp, Settings


def keys_of(settings: Settings) -> Mapping[str, Keys]:
    """The keys of each app."""
    return {name: _keys(app) for name, app in settings.apps.items()}


def lack_of(name: str, keys: Keys) -> str | None:
    """A sentence about an app whose deliveries cannot be proven, or only by their token."""
    prefix = "FEISHU_" if name == DEFAULT_APP else f"SYNCER_APPS__{name.upper()}__"
    if keys.none:
        names = f"{prefix}ENCRYPT_KEY and {prefix}VERIFICATION_TOKEN"
        return f"every delivery to the webhook is refused until {names} are set (`syncer listen` needs neither)"
    if not keys.encrypt_key:
        return f"only its token protects the webhook; set {prefix}ENCRYPT_KEY here and in the developer console"
    return None


def _keys(app: FeishuApp) -> Keys:
    key, token = app.encrypt_key, app.verification_token
    return Keys(key.get_secret_value() if key else "", token.get_secret_value() if token else "")
