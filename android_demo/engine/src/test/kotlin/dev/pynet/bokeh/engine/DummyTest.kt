package dev.pynet.bokeh.engine
import org.junit.Test
class DummyTest { @Test fun x() { Dummy() } }
