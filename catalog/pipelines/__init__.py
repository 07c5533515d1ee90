"""What the runs of the catalog do, step by step. The services and the apps below know how."""
