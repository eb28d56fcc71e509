"""The accuracy report: what each step from float to file cost, where it was lost, and whether the file may ship."""
