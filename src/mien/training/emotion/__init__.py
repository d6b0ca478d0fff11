"""Training of the emotion networks on FER2013 with the votes of FER+."""
