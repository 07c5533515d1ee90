"""Parts of the source of hosted models: services, their answers, what an answer tells."""
