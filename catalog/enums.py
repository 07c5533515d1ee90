"""The words of the catalog's rows. Values are stored and served; they are never renamed."""

from __future__ import annotations

from django.db.models import TextChoices


class UpdateRule(TextChoices):
    """What happens when the source has a newer commit of a model."""

    OFF = "off", "Do not look"
    NOTIFY = "notify", "Tell curators"
    IMPORT = "import", "Import, a curator admits"
    IMPORT_AND_ADMIT = "import_and_admit", "Import, admit when the gates pass"


class Reach(TextChoices):
    """How far the yard's own access gets with a model at its source."""

    OPEN = "open", "Open"
    PRIVATE = "private", "Private, readable"
    HIDDEN = "hidden", "Gone or hidden"
    DISABLED = "disabled", "Disabled"
    REFUSED = "refused", "Refused"


class EventKind(TextChoices):
    """What can happen to a model at its source."""

    NEW_VERSION = "new_version", "New version"
    HISTORY_REWRITTEN = "history_rewritten", "History rewritten"
    COMMIT_VANISHED = "commit_vanished", "Commit gone"
    REPOSITORY_VANISHED = "repository_vanished", "Gone or hidden"
    REPOSITORY_CLOSED = "repository_closed", "Disabled or refused"
    REPOSITORY_PRIVATE = "repository_private", "Made private"
    REPOSITORY_BACK = "repository_back", "Open again"
    RENAMED = "renamed", "Renamed"
    GATING_CHANGED = "gating_changed", "Gating changed"
    LICENSE_CHANGED = "license_changed", "License changed"


class HubKind(TextChoices):
    HUB = "hub", "A Hub"
    YARD = "yard", "Another yard"


class PapersState(TextChoices):
    """What became of the papers that a yard was asked for."""

    TRUSTED = "trusted", "Signed by a trusted key"
    UNTRUSTED = "untrusted", "Signed by a key that is not trusted"
    UNSIGNED = "unsigned", "Not signed"
    REFUSED = "refused", "Refused"
    ABSENT = "absent", "There are none"
    FORBIDDEN = "forbidden", "Not given"
    DOWN = "down", "Not answered"
    MALFORMED = "malformed", "Not readable"
