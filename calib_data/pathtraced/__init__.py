"""Pairs by path tracing: three-dimensional scenes of our own, photographed by Mitsuba 3 through a true thin lens."""
