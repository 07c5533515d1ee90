"""Routes of the REST API, health and metrics. All of them answer errors as problem documents."""

from __future__ import annotations

from django.urls import path

from catalog.api import (
    bundles,
    demand,
    extraction,
    hosted,
    local,
    models,
    notices,
    operations,
    planning,
    reports,
    safety,
    scans,
    schema,
    searching,
    storage,
    transfers,
    tus,
    uploads,
    usage,
    versions,
    waivers,
    watching,
    workflows,
)
from config.reference import errors
from core import views
from hub.checking import api as checking
from registry.converters import ModelSlug

app_name = "api"
_MODEL = f"api/v1/models/<{ModelSlug.name}:slug>"
_VERSION = f"{_MODEL}/versions/<slug:version>"
_UPLOAD = "api/v1/uploads/<uuid:pk>"
_RUN = "api/v1/workflows/<uuid:pk>"
urlpatterns = [
    path("health", views.process_health, name="health"),
    path("ready", views.readiness, name="ready"),
    path("metrics", operations.Metrics.as_view(), name="metrics"),
    path("api/health/detailed", operations.DetailedHealth.as_view(), name="health-detailed"),
    path("api/schema/", schema.schema, name="schema"),
    path("api/docs/", schema.docs, name="docs"),
    path("docs/errors", errors.show, name="errors"),
    path("api/v1/models", models.ModelList.as_view(), name="models"),
    path("api/v1/models/plan", planning.PlanDownload.as_view(), name="plan"),
    path("api/v1/downloads", planning.DownloadList.as_view(), name="downloads"),
    path(_MODEL, models.ModelDetail.as_view(), name="model"),
    path(f"{_MODEL}/request", models.ModelRequest.as_view(), name="model-request"),
    path(f"{_MODEL}/download", extraction.Download.as_view(), name="model-download"),
    path(f"{_MODEL}/downloads", planning.ModelDownloads.as_view(), name="model-downloads"),
    path(f"{_MODEL}/versions", versions.VersionList.as_view(), name="versions"),
    path(f"{_MODEL}/versions/<slug:version>", versions.VersionDetail.as_view(), name="version"),
    path(f"{_MODEL}/versions/<slug:version>/files", versions.FileList.as_view(), name="files"),
    path(f"{_VERSION}/scan", reports.VersionScan.as_view(), name="version-scan"),
    path(f"{_VERSION}/scan/sarif", reports.VersionSarif.as_view(), name="version-sarif"),
    path(f"{_VERSION}/bom", reports.VersionBom.as_view(), name="version-bom"),
    path(f"{_VERSION}/whole", reports.VersionWhole.as_view(), name="version-whole"),
    path(
        f"{_MODEL}/versions/<slug:before>/diff/<slug:after>",
        versions.VersionDiff.as_view(),
        name="diff",
    ),
    path(f"{_MODEL}/versions/<slug:version>/admit", watching.VersionAdmit.as_view(), name="admit"),
    path(f"{_MODEL}/main", watching.MainVersion.as_view(), name="main"),
    path(f"{_MODEL}/watch", watching.WatchDetail.as_view(), name="watch"),
    path(f"{_MODEL}/watch/check", watching.WatchCheck.as_view(), name="watch-check"),
    path(f"{_MODEL}/events", watching.EventList.as_view(), name="events"),
    path(f"{_MODEL}/events/<int:pk>/seen", watching.EventSeen.as_view(), name="event-seen"),
    path("api/v1/bundles", bundles.BundleList.as_view(), name="bundles"),
    path("api/v1/bundles/import", bundles.BundleImports.as_view(), name="bundle-import"),
    path("api/v1/bundles/<uuid:pk>", bundles.BundleDetail.as_view(), name="bundle"),
    path("api/v1/bundles/<uuid:pk>/file", bundles.BundleFile.as_view(), name="bundle-file"),
    path("model-info/extract", extraction.Extract.as_view(), name="extract"),
    path(
        "model-info/cloud-model/extract", hosted.CloudExtract.as_view(), name="cloud-model-extract"
    ),
    path("model-info/scan", safety.SecurityScan.as_view(), name="scan"),
    path("api/v1/sources/<slug:source>/search", searching.SourceSearch.as_view(), name="search"),
    path("api/v1/local/models", local.LocalModels.as_view(), name="local-models"),
    path("api/v1/local/look", local.LocalLook.as_view(), name="local-look"),
    path("api/v1/uploads", uploads.UploadList.as_view(), name="uploads"),
    path(_UPLOAD, uploads.UploadDetail.as_view(), name="upload"),
    path(f"{_UPLOAD}/finish", uploads.UploadFinish.as_view(), name="upload-finish"),
    path(f"{_UPLOAD}/files", tus.TusCreation.as_view(), name="upload-files"),
    path(f"{_UPLOAD}/files/<uuid:file>", tus.TusFile.as_view(), name="upload-file"),
    path("api/v1/notices", notices.NoticeList.as_view(), name="notices"),
    path("api/v1/notices/read", notices.NoticesRead.as_view(), name="notices-read"),
    path("api/v1/notices/<int:pk>/read", notices.NoticeRead.as_view(), name="notice-read"),
    path("api/v1/scans/findings", scans.FindingList.as_view(), name="findings"),
    path("api/v1/scans/engines", scans.Engines.as_view(), name="engines"),
    path("api/v1/demand", demand.DemandList.as_view(), name="demand"),
    path("api/v1/storage", storage.Storage.as_view(), name="storage"),
    path("api/v1/storage/runs", storage.StorageRuns.as_view(), name="storage-runs"),
    path(
        "api/v1/storage/quarantine/<str:sha256>/fetch",
        storage.QuarantineFetch.as_view(),
        name="storage-fetch",
    ),
    path("api/v1/hub/checks", checking.HubChecks.as_view(), name="hub-checks"),
    path("api/v1/usage", usage.Usage.as_view(), name="usage"),
    path("api/v1/waivers", waivers.WaiverList.as_view(), name="waivers"),
    path("api/v1/waivers/<int:pk>", waivers.WaiverDetail.as_view(), name="waiver"),
    path("api/v1/workflows", workflows.WorkflowList.as_view(), name="workflows"),
    path(_RUN, workflows.WorkflowDetail.as_view(), name="workflow"),
    path(
        "api/v1/workflows/<uuid:pk>/cancel",
        workflows.WorkflowCancel.as_view(),
        name="workflow-cancel",
    ),
    path(
        "api/v1/workflows/<uuid:pk>/retry", workflows.WorkflowRetry.as_view(), name="workflow-retry"
    ),
    path(f"{_RUN}/files", transfers.TransferList.as_view(), name="transfers"),
    path(
        f"{_RUN}/transfers/<slug:action>",
        transfers.TransferSteering.as_view(),
        name="transfers-steer",
    ),
    path(
        f"{_RUN}/files/<int:transfer>/<slug:action>",
        transfers.FileSteering.as_view(),
        name="transfer-steer",
    ),
]
