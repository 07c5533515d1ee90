"""The bundle: versions with their files and papers as one signed archive. docs/bundles.md says how.

Nothing here knows Django: files in, files out.
"""
