package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Matrix
import android.media.ExifInterface
import dev.pynet.bokeh.core.PhotoRows
import dev.pynet.bokeh.core.Refused
import dev.pynet.bokeh.core.Renderer
import dev.pynet.bokeh.core.Size
import java.io.File
import java.io.IOException
import java.nio.ByteBuffer

/**
 * A photo in a file, seen upright whatever its EXIF orientation.
 *
 * @throws Refused it cannot be read, or is too small or too large
 */
class PhotoFile(private val file: File) {
    private val stored: Size
    private val orientation: Int

    /** Upright. */
    val size: Size

    init {
        val bounds = BitmapFactory.Options().apply { inJustDecodeBounds = true }
        BitmapFactory.decodeFile(file.path, bounds)
        if (bounds.outWidth <= 0 || bounds.outHeight <= 0) throw damaged()
        stored = Size(bounds.outHeight, bounds.outWidth)
        orientation = if (bounds.outMimeType in TURNED_BY_DECODER) UPRIGHT else orientationOf(file)
        size = if (orientation >= TRANSPOSED) Size(stored.width, stored.height) else stored
        Renderer.checkSize(size)
    }

    /** The whole photo, opaque and to be written on, in its own colour space. */
    fun decode(): Bitmap = try {
        val photo = if (orientation == UPRIGHT) whole(1) else turned(whole(1))
        if (photo.hasAlpha()) onWhite(photo) else photo
    } catch (_: OutOfMemoryError) {
        throw Refused("This phone has too little memory for a photo of $size.", "Close other apps, or choose a smaller photo.")
    }

    /** A smaller picture for the screen, its longer side at most twice `side` pixels. */
    fun preview(side: Int): Bitmap {
        var sample = 1
        while (maxOf(size.width, size.height) / (2 * sample) >= side) sample *= 2
        val small = whole(sample)
        return if (orientation == UPRIGHT) small else turned(small)
    }

    private fun whole(sample: Int): Bitmap {
        val options = BitmapFactory.Options().apply {
            inSampleSize = sample
            inMutable = true
        }
        val bitmap = BitmapFactory.decodeFile(file.path, options) ?: throw damaged()
        return if (bitmap.config == Bitmap.Config.ARGB_8888) bitmap else bitmap.copy(Bitmap.Config.ARGB_8888, true)
    }

    private fun turned(stored: Bitmap): Bitmap {
        val turned = Bitmap.createBitmap(stored, 0, 0, stored.width, stored.height, matrix(stored.width, stored.height), false)
        if (turned !== stored) stored.recycle()
        return turned
    }

    private fun onWhite(photo: Bitmap): Bitmap {
        val opaque = Bitmap.createBitmap(photo.width, photo.height, Bitmap.Config.ARGB_8888, false, photo.colorSpace ?: SRGB)
        Canvas(opaque).apply { drawColor(Color.WHITE) }.drawBitmap(photo, 0f, 0f, null)
        photo.recycle()
        return opaque
    }

    /** From the stored picture's coordinates to the upright one's (EXIF 2.32, 4.6.4). */
    private fun matrix(width: Int, height: Int): Matrix {
        val w = width.toFloat()
        val h = height.toFloat()
        val values = when (orientation) {
            2 -> floatArrayOf(-1f, 0f, w, 0f, 1f, 0f)
            3 -> floatArrayOf(-1f, 0f, w, 0f, -1f, h)
            4 -> floatArrayOf(1f, 0f, 0f, 0f, -1f, h)
            5 -> floatArrayOf(0f, 1f, 0f, 1f, 0f, 0f)
            6 -> floatArrayOf(0f, -1f, h, 1f, 0f, 0f)
            7 -> floatArrayOf(0f, -1f, h, -1f, 0f, w)
            8 -> floatArrayOf(0f, 1f, 0f, -1f, 0f, w)
            else -> floatArrayOf(1f, 0f, 0f, 0f, 1f, 0f)
        }
        return Matrix().apply { setValues(values + floatArrayOf(0f, 0f, 1f)) }
    }

    private fun damaged() = Refused("The photo is damaged, or of a kind that this phone cannot read.", "Choose another one.")

    private companion object {
        const val UPRIGHT = 1
        const val TRANSPOSED = 5
        val SRGB: android.graphics.ColorSpace = android.graphics.ColorSpace.get(android.graphics.ColorSpace.Named.SRGB)
        val TURNED_BY_DECODER = setOf("image/heif", "image/heic", "image/avif")

        fun orientationOf(file: File): Int = try {
            ExifInterface(file.path).getAttributeInt(ExifInterface.TAG_ORIENTATION, UPRIGHT).takeIf { it in 1..8 } ?: UPRIGHT
        } catch (_: IOException) {
            UPRIGHT
        }
    }
}

/** The rows of a bitmap as its colour space has them, without any conversion. */
class BitmapRows(private val bitmap: Bitmap) : PhotoRows {
    override val size = Size(bitmap.height, bitmap.width)
    private var band: Bitmap? = null

    override fun read(top: Int, count: Int, rgba: ByteArray) {
        val band = band(count)
        Canvas(band).drawBitmap(bitmap, 0f, -top.toFloat(), null)
        band.copyPixelsToBuffer(ByteBuffer.wrap(rgba))
    }

    override fun write(top: Int, count: Int, rgba: ByteArray) {
        val band = band(count)
        band.copyPixelsFromBuffer(ByteBuffer.wrap(rgba, 0, 4 * count * size.width))
        Canvas(bitmap).drawBitmap(band, 0f, top.toFloat(), null)
    }

    private fun band(count: Int): Bitmap {
        band?.let { if (it.height == count) return it else it.recycle() }
        val space = bitmap.colorSpace ?: android.graphics.ColorSpace.get(android.graphics.ColorSpace.Named.SRGB)
        return Bitmap.createBitmap(size.width, count, Bitmap.Config.ARGB_8888, false, space).also { band = it }
    }
}
