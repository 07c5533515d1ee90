"""The timetable of beat, to look at: it is a table in the code (config/schedule.py)."""

from __future__ import annotations

import django_celery_beat.admin  # noqa: F401 first, so that what it registers can be taken away
from django.contrib import admin
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from registry.admin.base import LookOnlyAdmin

admin.site.unregister(
    [ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule]
)


@admin.register(PeriodicTask)
class ScheduleAdmin(LookOnlyAdmin):
    list_display = ("name", "task", "interval", "last_run_at", "total_run_count")
    list_select_related = ("interval",)
