"""Parts of the Hugging Face source: references, session, listing, files, refusals."""
