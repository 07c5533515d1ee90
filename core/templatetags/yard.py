"""All of the console's own tags and filters, so that a template loads one name: `yard`."""

from __future__ import annotations

from django import template

from core.templatetags import fields, links, marks, numbers

register = template.Library()
for _part in (marks, numbers, links, fields):
    register.tags.update(_part.register.tags)
    register.filters.update(_part.register.filters)
