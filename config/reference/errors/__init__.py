"""Every stable `code`; docs/errors.md and the page at /docs/errors are made from what is here."""

from config.reference.errors.listing import ERRORS, HUB_ERRORS, page, show

__all__ = ["ERRORS", "HUB_ERRORS", "page", "show"]
