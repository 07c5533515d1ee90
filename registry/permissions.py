"""What a route asks of its caller. Default deny: reading needs the read scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rest_framework.permissions import BasePermission

from registry.authentication import caller_of
from registry.enums import Scope

if TYPE_CHECKING:  # rest_framework.views reads this file while it is being imported itself
    from rest_framework.request import Request
    from rest_framework.views import APIView


class MayRead(BasePermission):
    scope: ClassVar[Scope] = Scope.READ

    @property
    def message(self) -> str:
        return f"This needs the scope {self.scope.value}."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return caller_of(request._request).may(self.scope)  # noqa: SLF001 DRF wraps the request


class MayRequest(MayRead):
    scope = Scope.REQUEST


class MayCurate(MayRead):
    scope = Scope.CURATE
