"""The catalog of a measurement can be filled with the schema of today."""

from __future__ import annotations

import pytest

from bench._fill import fill
from catalog.models import FacetCount
from registry.fit.listed import class_of
from registry.models import Model, ModelFile, ModelVersion
from registry.services.judging import RULES


@pytest.mark.django_db(transaction=True)
def test_as_many_models_versions_and_files_as_asked_for():
    fill(40)
    assert [table.objects.count() for table in (Model, ModelVersion, ModelFile)] == [40, 40, 40]
    assert FacetCount.objects.exists()
    version = ModelVersion.objects.select_related("model").first()
    assert version.model.head == version
    version.model.full_clean(exclude=["tags", "capabilities"])
    for model in Model.objects.all():
        assert model.memory_class == class_of(model.memory_8k)
        assert model.judged_by == RULES
    assert Model.objects.filter(runtimes__contains=["vllm"]).exists()
    assert fill(40) == 0.0
