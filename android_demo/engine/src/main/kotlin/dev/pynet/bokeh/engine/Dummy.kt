package dev.pynet.bokeh.engine

class Dummy
