package dev.pynet.bokeh.app

import android.app.Application
import dev.pynet.bokeh.engine.Accelerator
import dev.pynet.bokeh.engine.TfLiteNetwork
import dev.pynet.bokeh.engine.cpuThreads

/** The process; tests give it other accelerators. */
open class BokehApp : Application() {
    /** What to try, in this order. */
    open fun accelerators(): List<Accelerator> = TfLiteNetwork.accelerators(cpuThreads())

    /** What can be chosen. */
    open fun models(): Models = AssetModels(assets)
}
