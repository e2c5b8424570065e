"""What the window knows: one session, and the lanes that do its slow work. QtCore only."""
