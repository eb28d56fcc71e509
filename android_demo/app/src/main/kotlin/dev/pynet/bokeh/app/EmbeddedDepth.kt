package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import dev.pynet.bokeh.core.Picture
import dev.pynet.bokeh.core.depthInside
import java.io.File

/** The depth map that a phone's portrait mode left in the photo. */
object EmbeddedDepth {
    /** As (h, w, 1), near is 1, or null if there is none. */
    fun read(photo: File): Picture? {
        val found = depthInside(photo.readBytes()) ?: return null
        val bitmap = BitmapFactory.decodeByteArray(found, 0, found.size) ?: return null
        val grey = if (bitmap.config == Bitmap.Config.ARGB_8888) bitmap else bitmap.copy(Bitmap.Config.ARGB_8888, false)
        val pixels = IntArray(grey.width * grey.height)
        grey.getPixels(pixels, 0, grey.width, 0, 0, grey.width, grey.height)
        return Picture(grey.height, grey.width, 1, FloatArray(pixels.size) { 1 - (pixels[it] and 0xff) / 255f })
    }
}
