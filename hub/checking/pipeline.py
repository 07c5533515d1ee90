"""The run that checks the public address."""

from __future__ import annotations

from core.pipelines import Pipeline, Step
from core.steps import StepContext
from hub.checking import services
from hub.checking.selectors import KIND

QUEUE = "intake"


def end(context: StepContext) -> None:
    services.revoke_key_of(context.run)


PIPELINE = Pipeline(
    kind=KIND,
    title="Check the public address of the Hub",
    steps=(
        Step("ask", "Ask as clients do", QUEUE, services.ask_as_clients_do),
        Step("client", "Let clients read and fetch", QUEUE, services.let_clients_fetch),
    ),
    on_end=end,
    page="check:page",
)
