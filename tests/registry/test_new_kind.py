"""A new kind of model is one new file and one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

FOLDERS = (
    "catalog config core downloads experiments hub leaderboards licenses registry scanning serving"
    " static templates"
)
KIND = '''
"""Models of points in space."""

from typing import ClassVar

from registry.configs.base import Count, ModelConfig, configs


@configs.register
class PointCloudConfig(ModelConfig):
    """How many points."""

    slug: ClassVar[str] = "point_cloud"
    title: ClassVar[str] = "Point cloud model"

    points: Count | None = None
'''
USE = """
import django
django.setup()
from catalog.selectors.filters import CHOICES
from core.errors import InvalidInputError
from django.core.management import call_command
from registry.configs import load_config
from registry.models import Model

assert load_config("point-cloud", {"points": 2048}).points == 2048
try:
    load_config("point-cloud", {"voxels": 2048})
except InvalidInputError as error:
    assert error.details["field"] == "voxels"
else:
    raise AssertionError("an unknown field passed")
assert ("point-cloud", "Point cloud") in Model._meta.get_field("model_type").choices
assert "point-cloud" in CHOICES["model_type"]
call_command("makemigrations", "registry", check=True, dry_run=True, verbosity=0)
"""


def test_a_new_kind_is_one_file_and_one_line(tmp_path):
    for folder in FOLDERS.split():
        shutil.copytree(folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "registry/configs/point_cloud.py").write_text(KIND.lstrip())
    enums = tmp_path / "registry/enums.py"
    line = '    OTHER = "other", "Other"\n'
    before = enums.read_text()
    assert line in before
    enums.write_text(before.replace(line, '    POINTS = "point-cloud", "Point cloud"\n' + line, 1))
    environ = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "STATE_DIR": "state"}
    ran = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
