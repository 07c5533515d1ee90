"""What beat starts and when: a plain table, checked by a test against the registered tasks."""

from __future__ import annotations

from config.settings.env import env

BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "wake runs that nobody works on": {
        "task": "core.sweep",
        "schedule": env.SWEEP_INTERVAL,
        "options": {"queue": "intake", "expires": env.SWEEP_INTERVAL},
    },
    "say which disks fill up": {
        "task": "downloads.watch_disks",
        "schedule": 60.0,
        "options": {"queue": "intake", "expires": 60.0},
    },
    "fold the counts beside the filters": {
        "task": "catalog.fold_facets",
        "schedule": 10.0,
        "options": {"queue": "intake", "expires": 10.0},
    },
    "look for models on this machine and in models.txt": {
        "task": "catalog.look_locally",
        "schedule": env.LOCAL_SCAN_INTERVAL,
        "options": {"queue": "downloads", "expires": env.LOCAL_SCAN_INTERVAL},
    },
    "look at the sources of models for news": {
        "task": "catalog.check_updates",
        "schedule": 10.0,
        "options": {"queue": "intake", "expires": 10.0},
    },
    "remove uploads that nobody finishes": {
        "task": "catalog.collect_uploads",
        "schedule": 600.0,
        "options": {"queue": "downloads", "expires": 600.0},
    },
    "note how many bytes were sent": {
        "task": "hub.note_sent",
        "schedule": 15.0,
        "options": {"queue": "intake", "expires": 15.0},
    },
    "let engines answer their canaries": {
        "task": "scanning.prove_engines",
        "schedule": 60.0,
        "options": {"queue": "scanning", "expires": 60.0},
    },
    "judge models again that older rules judged": {
        "task": "registry.judge_again",
        "schedule": 60.0,
        "options": {"queue": "intake", "expires": 60.0},
    },
    "decide again what rests on waivers of findings": {
        "task": "scanning.review_waivers",
        "schedule": 60.0,
        "options": {"queue": "intake", "expires": 60.0},
    },
    "decide again when a waiver ends": {
        "task": "registry.review_waivers",
        "schedule": 3600.0,
        "options": {"queue": "intake", "expires": 3600.0},
    },
}
if env.NOTIFY_WEBHOOK_URL.get_secret_value():
    BEAT_SCHEDULE["send notices to the webhook"] = {
        "task": "registry.deliver_notices",
        "schedule": 30.0,
        "options": {"queue": "intake", "expires": 30.0},
    }
if env.RESCAN_INTERVAL:
    BEAT_SCHEDULE["look for new engines and signatures"] = {
        "task": "scanning.notice_engines",
        "schedule": env.RESCAN_INTERVAL,
        "options": {"queue": "scanning", "expires": env.RESCAN_INTERVAL},
    }
if env.GC_INTERVAL:
    BEAT_SCHEDULE["collect contents that nothing uses"] = {
        "task": "downloads.collect",
        "schedule": env.GC_INTERVAL,
        "options": {"queue": "downloads", "expires": env.GC_INTERVAL},
    }
