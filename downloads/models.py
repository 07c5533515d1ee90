"""Files on their way: what moves, what people asked of it, and what it may use."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from core.errors import ModelyardError
from core.models import Run
from core.plain_values import plain_text
from registry.models import ModelFile


class TransferState(models.TextChoices):
    WAITING = "waiting"
    MOVING = "moving"
    PAUSED = "paused"
    VERIFYING = "verifying"
    STORED = "stored"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Wish(models.TextChoices):
    """What a person asked of a file that moves; who moves it sees to it within a second."""

    NONE = "", "nothing"
    PAUSE = "pause"
    CANCEL = "cancel"


TO_MOVE = (TransferState.WAITING, TransferState.MOVING)
STOPPED = (TransferState.PAUSED, TransferState.FAILED, TransferState.CANCELLED)


class RunTransfers(models.Model):
    """The transfers of one run: what people asked of them, and how many files it moves now.

    `held` counts only until `until`: whoever died gives its places back by that.
    """

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, primary_key=True, related_name="transfer_run"
    )
    source = models.CharField(max_length=32)
    epoch = models.PositiveIntegerField(default=0, help_text="Of the worker that moves them.")
    paused = models.BooleanField(default=False)
    priority = models.SmallIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0, help_text="Grows with every wish of a person.")
    wanted = models.PositiveSmallIntegerField(default=0)
    held = models.PositiveSmallIntegerField(default=0)
    until = models.DateTimeField(null=True, blank=True)
    room_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when room on the disks is promised to it."
    )

    class Meta:
        verbose_name_plural = "run transfers"
        indexes: ClassVar = [
            models.Index(
                fields=["until"], condition=Q(until__isnull=False), name="run_transfers_moving"
            )
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.held} of {self.wanted} files at once"


class RoomPromise(models.Model):
    """Bytes that a run may still write to a folder otherwise than as transfers."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="room_promises")
    folder = models.CharField(max_length=1000)
    left = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "folder"], name="room_promise_once"),
            models.CheckConstraint(condition=Q(left__gte=0), name="room_promise_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.left} bytes in {self.folder}"


class FileTransfer(models.Model):
    """One file of a run on its way. The worker that holds the run writes it once a second."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="transfers")
    file = models.ForeignKey(ModelFile, on_delete=models.CASCADE, related_name="transfers")
    state = models.CharField(max_length=10, choices=TransferState, default=TransferState.WAITING)
    wish = models.CharField(max_length=6, choices=Wish, blank=True, default=Wish.NONE)
    priority = models.SmallIntegerField(default=0, help_text="Higher comes first.")
    size = models.BigIntegerField()
    done = models.BigIntegerField(default=0)
    speed = models.BigIntegerField(default=0, help_text="Bytes per second.")
    connections = models.PositiveSmallIntegerField(default=0)
    fetcher = models.CharField(max_length=16, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["run", "-priority", "size", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "file"], name="one_transfer_per_file"),
            models.CheckConstraint(
                condition=Q(size__gte=0, done__gte=0, speed__gte=0), name="transfer_is_counted"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["run", "state", "id"], name="transfer_by_state"),
            models.Index(fields=["state"], condition=Q(state="moving"), name="transfer_moving"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} ({self.state})"

    def start(self, now: datetime) -> None:
        """Note that it moves from now on."""
        self.state, self.attempts = TransferState.MOVING, self.attempts + 1
        self.started_at, self.finished_at = self.started_at or now, None
        self.error_code = self.error = ""

    def end(self, state: TransferState, now: datetime) -> None:
        """Note that it does not move any more."""
        self.state, self.speed, self.connections = state, 0, 0
        self.wish = Wish.NONE
        if state in (TransferState.VERIFYING, TransferState.STORED):
            self.done = self.size
        if state not in TO_MOVE:
            self.finished_at = now

    def fail(self, error: ModelyardError, now: datetime) -> None:
        """Note why it is not there."""
        self.end(TransferState.FAILED, now)
        self.error_code, self.error = error.code, plain_text(error.message)[:400]

    @property
    def percent(self) -> int:
        return min(100, int(100 * self.done / self.size)) if self.size else 100

    @property
    def seconds_left(self) -> int | None:
        """Seconds to the last byte at the speed of now; None while it does not move."""
        if self.state != TransferState.MOVING or not self.speed:
            return None
        return max(0, self.size - self.done) // self.speed


class TransferLimit(models.Model):
    """What all transfers together may use, or those of one source. Empty means no limit."""

    source = models.CharField(
        max_length=32, blank=True, unique=True, help_text="Empty: all sources together."
    )
    files_at_once = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(64)]
    )
    bytes_per_second = models.BigIntegerField(
        null=True, blank=True, validators=[MinValueValidator(0)], help_text="0: nothing moves."
    )
    connections_per_file = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(16)],
        help_text="The most that measuring may try.",
    )
    stall_seconds = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(5), MaxValueValidator(3600)],
        help_text="Without a byte for so long a file is begun again where it was.",
    )
    quiet_from = models.TimeField(null=True, blank=True, help_text="Time of the yard (UTC).")
    quiet_until = models.TimeField(null=True, blank=True, help_text="May be on the next day.")
    quiet_bytes_per_second = models.BigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Instead of the other one in quiet hours; 0: nothing moves.",
    )

    class Meta:
        ordering: ClassVar = ["source"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(
                    quiet_from__isnull=True,
                    quiet_until__isnull=True,
                    quiet_bytes_per_second__isnull=True,
                )
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_have_both_ends",
                violation_error_message="Quiet hours need a beginning and an end.",
            ),
            models.CheckConstraint(
                condition=Q(bytes_per_second__isnull=True) | Q(bytes_per_second__gte=0),
                name="a_bandwidth_is_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.source or "all sources"


class HostPace(models.Model):
    """How many connections for a file a host was quickest with, measured not long ago."""

    host = models.CharField(max_length=255, primary_key=True)
    connections = models.PositiveSmallIntegerField()
    speed = models.BigIntegerField(help_text="Bytes per second, all files of the host together.")
    measured_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["host"]

    def __str__(self) -> str:
        return f"{self.host}: {self.connections}"
