package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import dev.pynet.bokeh.core.Picture
import dev.pynet.bokeh.core.depthInside
import java.io.File

/** The depth map that a phone's portrait mode left in the photo. */
object EmbeddedDepth {
    /** As (h, w, 1), upright, near is 1, or null if there is none; it lies in the file as the photo's pixels do. */
    fun read(photo: File, orientation: Orientation): Picture? {
        val found = depthInside(photo.readBytes()) ?: return null
        val options = BitmapFactory.Options().apply { inMutable = true }
        val bitmap = BitmapFactory.decodeByteArray(found, 0, found.size, options) ?: return null
        val grey = if (bitmap.config == Bitmap.Config.ARGB_8888) bitmap else bitmap.copy(Bitmap.Config.ARGB_8888, true)
        val rows = BitmapRows(grey, orientation)
        val (height, width) = rows.size
        val rgba = ByteArray(4 * height * width)
        rows.read(0, height, rgba)
        return Picture(height, width, 1, FloatArray(height * width) { 1 - (rgba[4 * it].toInt() and 0xff) / 255f })
    }
}
