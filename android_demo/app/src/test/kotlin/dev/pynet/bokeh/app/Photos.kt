package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.LinearGradient
import android.graphics.Paint
import android.graphics.Shader
import android.media.ExifInterface
import org.junit.rules.TemporaryFolder
import java.io.File

/** Photos for tests: four quarters of different colours, so that it is seen how they lie. */
object Photos {
    val UPPER_LEFT = Color.rgb(200, 40, 40)
    val UPPER_RIGHT = Color.rgb(40, 180, 40)
    val LOWER_LEFT = Color.rgb(40, 60, 200)
    val LOWER_RIGHT = Color.rgb(220, 200, 60)

    fun quarters(width: Int, height: Int): Bitmap {
        val bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        val canvas = Canvas(bitmap)
        val colours = listOf(UPPER_LEFT, UPPER_RIGHT, LOWER_LEFT, LOWER_RIGHT)
        colours.forEachIndexed { number, colour ->
            val left = (number % 2) * width / 2f
            val top = (number / 2) * height / 2f
            canvas.drawRect(left, top, left + width / 2f, top + height / 2f, Paint().apply { color = colour })
        }
        return bitmap
    }

    fun gradient(width: Int, height: Int): Bitmap {
        val bitmap = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888)
        val paint = Paint()
        paint.shader = LinearGradient(0f, 0f, width.toFloat(), height.toFloat(), Color.BLUE, Color.YELLOW, Shader.TileMode.CLAMP)
        Canvas(bitmap).drawPaint(paint)
        return bitmap
    }

    fun jpeg(file: File, bitmap: Bitmap, orientation: Int = 1): File {
        file.outputStream().use { bitmap.compress(Bitmap.CompressFormat.JPEG, 95, it) }
        if (orientation == 1) return file
        ExifInterface(file.path).apply {
            setAttribute(ExifInterface.TAG_ORIENTATION, orientation.toString())
            setAttribute(ExifInterface.TAG_MODEL, "Test camera")
            saveAttributes()
        }
        return file
    }

    /** Whether two colours differ by no more than what JPEG does. */
    fun near(first: Int, second: Int): Boolean = listOf(Color::red, Color::green, Color::blue).all {
        kotlin.math.abs(it(first) - it(second)) <= 12
    }
}

/** A JPEG in four colours. */
internal fun TemporaryFolder.photo(width: Int = 300, height: Int = 200, orientation: Int = 1): File =
    Photos.jpeg(newFile(), Photos.quarters(width, height), orientation)
