"""The one picture: painted the same for the screen, for snapshots and for exports."""
