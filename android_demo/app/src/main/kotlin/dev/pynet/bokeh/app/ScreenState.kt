package dev.pynet.bokeh.app

import android.graphics.Bitmap
import dev.pynet.bokeh.core.Size
import dev.pynet.bokeh.core.Stage
import dev.pynet.bokeh.core.Times

/** A point of the upright photo, 0..1 from the left and from the top. */
data class Point(val x: Float, val y: Float)

/** How far a rendering is. */
data class Progress(val stage: Stage, val share: Double, val startedAt: Long)

/** What the user must know. */
data class Message(val problem: String, val fix: String = "")

/** All that the screen shows. */
data class ScreenState(
    val models: List<String>,
    val model: Int = 0,
    val takesDepth: Boolean = false,
    val photo: Size? = null,
    val before: Bitmap? = null,
    val after: Bitmap? = null,
    val focus: Point? = null,
    val progress: Progress? = null,
    val accelerator: String? = null,
    val switchedOff: List<String> = emptyList(),
    val times: Times? = null,
    val message: Message? = null,
    val slider: Float = 0.5f,
) {
    val busy: Boolean get() = progress != null
    val hasResult: Boolean get() = after != null && !busy
}
