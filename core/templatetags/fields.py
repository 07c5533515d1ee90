"""Form fields with their label, help and errors."""

from __future__ import annotations

from django import template
from django.forms import (
    BoundField,
    CheckboxInput,
    CheckboxSelectMultiple,
    RadioSelect,
    Select,
    Textarea,
)
from django.utils.safestring import SafeString

register = template.Library()


def _control_class(bound: BoundField) -> str:
    widget = bound.field.widget
    if isinstance(widget, CheckboxInput | CheckboxSelectMultiple):
        return "checkbox"
    if isinstance(widget, RadioSelect):
        return "radio"
    if isinstance(widget, Select):
        return "select select-sm"
    return "textarea" if isinstance(widget, Textarea) else "input input-sm"


@register.inclusion_tag("components/field.html")
def field(bound: BoundField) -> dict[str, object]:
    """Draw a form field with its label, help and errors, tied together for screen readers."""
    return {
        "field": bound,
        "control": bound.as_widget(attrs={"class": _control_class(bound)}),
        "options": bound.subwidgets if bound.use_fieldset else (),
    }


@register.simple_tag
def control(bound: BoundField) -> SafeString:
    """Draw the control of a field alone, where its label stands elsewhere."""
    return bound.as_widget(attrs={"class": _control_class(bound)})
