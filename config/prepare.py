"""Bring a yard's database and static files up to date: `python -m config.prepare`.

One process for what are four management commands, each of which would load the whole project.
Safe to run again. Prints the admin account when it makes one, and nothing else on stdout.
"""

from __future__ import annotations

import os
import sys

import django
from django.core.checks import run_checks
from django.core.management import call_command

from core import plugins


def prepare() -> None:
    """Migrate, install default rows, gather static files, make the first admin account.

    Plugins that do not load and settings that contradict each other end it before anything is
    changed.
    """
    plugins.check_all()
    if faults := run_checks(tags=["yard"]):
        sys.exit("\n".join(str(fault) for fault in faults))
    call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr)
    call_command("seed", stdout=sys.stderr)
    call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
    call_command("ensure_admin", stdout=sys.stdout)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    prepare()
