package dev.pynet.bokeh.app

import android.graphics.Matrix
import android.media.ExifInterface
import dev.pynet.bokeh.core.Size
import java.io.File
import java.io.IOException

/** How a stored picture is to be turned and mirrored to be upright: EXIF's values 1 to 8 (EXIF 2.32, 4.6.4). */
@JvmInline
value class Orientation(val exif: Int) {
    private val transposed: Boolean get() = exif >= TRANSPOSED

    /** The upright size of what is stored at a size, and the other way round. */
    fun turned(size: Size) = if (transposed) Size(size.width, size.height) else size

    /** From the stored picture's coordinates to the upright one's. */
    fun toUpright(stored: Size): Matrix {
        val w = stored.width.toFloat()
        val h = stored.height.toFloat()
        val values = when (exif) {
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

    companion object {
        private const val TRANSPOSED = 5
        val UPRIGHT = Orientation(1)

        /** What a file says, of HEIF its container: no picture is decoded turned. Upright where it says nothing. */
        fun of(file: File): Orientation = try {
            val said = ExifInterface(file.path).getAttributeInt(ExifInterface.TAG_ORIENTATION, UPRIGHT.exif)
            if (said in 1..8) Orientation(said) else UPRIGHT
        } catch (_: IOException) {
            UPRIGHT
        }
    }
}
