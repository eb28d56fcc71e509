package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.ColorSpace
import android.graphics.Matrix
import dev.pynet.bokeh.core.PhotoRows
import dev.pynet.bokeh.core.Size
import java.nio.ByteBuffer

/**
 * The upright rows of an opaque bitmap that may lie on its side, as its colour space has them, without any conversion.
 *
 * What is written goes to the same pixels: the bitmap keeps its orientation.
 */
class BitmapRows(private val bitmap: Bitmap, orientation: Orientation = Orientation.UPRIGHT) : PhotoRows {
    private val stored = Size(bitmap.height, bitmap.width)
    private val toUpright = orientation.toUpright(stored)
    private val toStored = Matrix().also { check(toUpright.invert(it)) }
    override val size = orientation.turned(stored)
    private var band: Bitmap? = null

    override fun read(top: Int, count: Int, rgba: ByteArray) {
        val band = band(count)
        Canvas(band).drawBitmap(bitmap, Matrix(toUpright).apply { postTranslate(0f, -top.toFloat()) }, null)
        band.copyPixelsToBuffer(ByteBuffer.wrap(rgba))
    }

    override fun write(top: Int, count: Int, rgba: ByteArray) {
        val band = band(count)
        band.copyPixelsFromBuffer(ByteBuffer.wrap(rgba, 0, 4 * count * size.width))
        Canvas(bitmap).drawBitmap(band, Matrix(toStored).apply { preTranslate(0f, top.toFloat()) }, null)
    }

    private fun band(count: Int): Bitmap {
        band?.let { if (it.height == count) return it else it.recycle() }
        val space = bitmap.colorSpace ?: ColorSpace.get(ColorSpace.Named.SRGB)
        return Bitmap.createBitmap(size.width, count, Bitmap.Config.ARGB_8888, false, space).also { band = it }
    }
}
