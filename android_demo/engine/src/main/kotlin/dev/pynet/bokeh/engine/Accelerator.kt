package dev.pynet.bokeh.engine

import dev.pynet.bokeh.core.Artifact
import dev.pynet.bokeh.core.Network

/** An artifact that is loaded and ready; used by one thread, except for [cancel]. */
interface RunningNetwork : Network, AutoCloseable {
    /** Makes a run that is under way stop soon, where the accelerator can. */
    fun cancel()
}

/** One way to run artifacts, such as the GPU. */
class Accelerator(val name: String, val open: (Artifact) -> RunningNetwork)
