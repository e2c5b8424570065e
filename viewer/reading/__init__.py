"""Reading in processes of their own: native decoders hold the interpreter while they work, and a
damaged file may bring them down. Here that costs one file and one sentence."""
