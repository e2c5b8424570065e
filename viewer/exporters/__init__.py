"""Pictures and numbers that leave the program: written whole or not at all."""
