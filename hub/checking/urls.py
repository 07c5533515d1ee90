from __future__ import annotations

from django.urls import path

from hub.checking import views

app_name = "check"
urlpatterns = [
    path("", views.page, name="page"),
    path("start/", views.start, name="start"),
]
