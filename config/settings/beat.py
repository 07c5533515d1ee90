"""Settings of beat, which only sends names of tasks: no app but the one that keeps the schedule."""

from config.settings import *

INSTALLED_APPS = ["django_celery_beat"]
