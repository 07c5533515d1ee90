"""What a model card says, read by rules: sections, links and names as facts with their place."""

from catalog.cards.analysis import FIELDS, CardAnalysis, read_analysis
from catalog.cards.extract import Place, analyse_card

__all__ = ["FIELDS", "CardAnalysis", "Place", "analyse_card", "read_analysis"]
