package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.PorterDuff
import dev.pynet.bokeh.core.Refused
import dev.pynet.bokeh.core.Renderer
import dev.pynet.bokeh.core.Size
import java.io.File

/**
 * A photo in a file.
 *
 * @throws Refused it cannot be read, or is too small or too large
 */
class PhotoFile(private val file: File) {
    /** How its pixels are to be turned. */
    val orientation: Orientation

    /** Upright. */
    val size: Size

    init {
        val bounds = BitmapFactory.Options().apply { inJustDecodeBounds = true }
        BitmapFactory.decodeFile(file.path, bounds)
        if (bounds.outWidth <= 0 || bounds.outHeight <= 0) throw damaged()
        orientation = Orientation.of(file)
        size = orientation.turned(Size(bounds.outHeight, bounds.outWidth))
        Renderer.checkSize(size)
    }

    /**
     * The whole photo as it is stored, opaque and to be written on, in its own colour space.
     *
     * It is not turned, as that would take the memory of two; [BitmapRows] sees it upright.
     */
    fun decode(): Bitmap = try {
        whole(1).also { if (it.hasAlpha()) layOnWhite(it) }
    } catch (_: OutOfMemoryError) {
        throw Refused("This phone has too little memory for a photo of $size.", "Close other apps, or choose a smaller photo.")
    }

    /** A smaller picture for the screen, upright, its longer side at most twice `side` pixels. */
    fun preview(side: Int): Bitmap {
        var sample = 1
        while (maxOf(size.width, size.height) / (2 * sample) >= side) sample *= 2
        val small = whole(sample)
        if (orientation == Orientation.UPRIGHT) return small
        val matrix = orientation.toUpright(Size(small.height, small.width))
        return Bitmap.createBitmap(small, 0, 0, small.width, small.height, matrix, false).also { small.recycle() }
    }

    private fun whole(sample: Int): Bitmap {
        val options = BitmapFactory.Options().apply {
            inSampleSize = sample
            inMutable = true
        }
        val bitmap = BitmapFactory.decodeFile(file.path, options) ?: throw damaged()
        if (bitmap.config == Bitmap.Config.ARGB_8888) return bitmap
        return bitmap.copy(Bitmap.Config.ARGB_8888, true).also { bitmap.recycle() }
    }

    private fun layOnWhite(photo: Bitmap) {
        Canvas(photo).drawColor(Color.WHITE, PorterDuff.Mode.DST_OVER)
        photo.setHasAlpha(false)
    }

    private fun damaged() = Refused("The photo is damaged, or of a kind that this phone cannot read.", "Choose another one.")
}
