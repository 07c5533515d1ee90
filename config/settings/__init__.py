"""Django settings, one file per concern; `env.py` is the only reader of the environment."""

from config.settings.base import *  # noqa: F403
from config.settings.celery import *  # noqa: F403
from config.settings.logging import *  # noqa: F403
from config.settings.rest import *  # noqa: F403
from config.settings.yard import *  # noqa: F403
