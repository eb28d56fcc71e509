"""The accuracy report: what each step from the float model to a file cost, where it was lost, and whether it may ship."""
