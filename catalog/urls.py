from django.urls import path

from catalog.views import (
    approvals,
    bundles,
    importing,
    jobs,
    local,
    model,
    models,
    overview,
    versions,
)
from registry.converters import ModelSlug

app_name = "catalog"
_VERSIONS = f"models/<{ModelSlug.name}:slug>/versions"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("models/", models.model_list, name="models"),
    path(f"models/<{ModelSlug.name}:slug>/", model.overview, name="model"),
    path(f"models/<{ModelSlug.name}:slug>/files/", model.files, name="model-files"),
    path(f"models/<{ModelSlug.name}:slug>/scan/", model.scan, name="model-scan"),
    path(f"models/<{ModelSlug.name}:slug>/license/", model.license_tab, name="model-license"),
    path(f"{_VERSIONS}/", versions.versions, name="model-versions"),
    path(f"{_VERSIONS}/compare/", versions.compare, name="model-compare"),
    path(f"{_VERSIONS}/<int:before>/diff/<int:after>/", versions.diff, name="version-diff"),
    path(f"{_VERSIONS}/<int:number>/admit/", versions.admit, name="version-admit"),
    path(f"{_VERSIONS}/rule/", versions.rule, name="model-rule"),
    path(f"{_VERSIONS}/check/", versions.check, name="model-check"),
    path(f"{_VERSIONS}/events/<int:pk>/seen/", versions.seen, name="event-seen"),
    path(f"{_VERSIONS}/main/", versions.main, name="model-main"),
    path(f"{_VERSIONS}/main/release/", versions.main_release, name="model-main-release"),
    path(f"models/<{ModelSlug.name}:slug>/export/", bundles.export, name="bundle-export"),
    path(f"models/<{ModelSlug.name}:slug>/request/", model.ask, name="model-request"),
    path("import/", importing.page, name="import"),
    path("import/preview/", importing.preview, name="import-preview"),
    path("import/start/", importing.start, name="import-start"),
    path("import/local/", local.page, name="local"),
    path("import/local/look/", local.look, name="local-look"),
    path("import/local/start/", local.bring, name="local-import"),
    path("import/bundle/", bundles.look, name="bundle"),
    path("import/bundle/start/", bundles.take_in, name="bundle-import"),
    path("bundles/<uuid:pk>/", bundles.file, name="bundle-file"),
    path("jobs/", jobs.runs, name="jobs"),
    path("jobs/<uuid:pk>/", jobs.run, name="job"),
    path("jobs/<uuid:pk>/cancel/", jobs.cancel, name="job-cancel"),
    path("jobs/<uuid:pk>/retry/", jobs.retry, name="job-retry"),
    path("approvals/", approvals.queue, name="approvals"),
    path("approvals/<int:pk>/", approvals.queue, name="approval"),
    path("approvals/<int:pk>/approve/", approvals.approve, name="approval-approve"),
    path("approvals/<int:pk>/refuse/", approvals.refuse, name="approval-refuse"),
]
