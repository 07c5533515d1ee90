"""Django settings, one file per concern; `env.py` is the only reader of the environment."""

from config.settings.base import *
from config.settings.celery import *
from config.settings.logging import *
from config.settings.rest import *
from config.settings.yard import *
