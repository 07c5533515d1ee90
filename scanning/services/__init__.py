"""What scanning writes: reports, the answer of the gate, what other versions are told."""
