"""The docks around the scan: each reads the session and sets it, nothing else."""
