"""How good a model's answers are on a folder of labelled radiographs."""
