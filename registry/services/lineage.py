"""Keep what a model was made from in step with its head."""

from __future__ import annotations

from registry.enums import Relation
from registry.models import BaseLink, Model, ModelVersion
from registry.models.lineage import HUB

MOST_BASES = 20


def refresh_bases(model: Model, head: ModelVersion) -> None:
    """Write the links that the head's configuration and card name, where they have changed."""
    wanted = bases_of(head)
    known = {link.repo_id: link.relation for link in model.bases.all()}
    if known == wanted:
        return
    model.bases.all().delete()
    BaseLink.objects.bulk_create(
        BaseLink(model=model, source=HUB, repo_id=repo_id, relation=relation, position=position)
        for position, (repo_id, relation) in enumerate(wanted.items())
    )


def bases_of(version: ModelVersion) -> dict[str, str]:
    """Give names and relations of the bases, in order; a model is no base of itself."""
    config = version.config if isinstance(version.config, dict) else {}
    told = config.get("base_models") or []
    named = [(base["repo_id"], base.get("relation", "")) for base in told]
    named += [(str(name), "") for name in version.facts.get("base_models") or []]
    seen = {version.model.repo_id.upper()} if version.model.source == HUB else set()
    found: dict[str, str] = {}
    for repo_id, relation in named:
        if repo_id.upper() in seen or repo_id.count("/") != 1 or len(found) == MOST_BASES:
            continue
        seen.add(repo_id.upper())
        found[repo_id[:200]] = relation if relation in Relation.values else ""
    return found
