"""From what a run has read to what is answered from: built aside, checked, switched, restored."""
