package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.graphics.Color
import android.graphics.ColorSpace
import dev.pynet.bokeh.core.Size
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import java.awt.Transparency
import java.awt.image.BufferedImage
import java.awt.image.ComponentColorModel
import java.awt.image.DataBuffer
import java.awt.image.Raster
import java.io.File
import javax.imageio.ImageIO

@RunWith(RobolectricTestRunner::class)
class PhotoFileTest {
    @get:Rule
    val folder = TemporaryFolder()

    /** Where the stored quarters (upper left, upper right, lower left, lower right) are seen. */
    private val seen = mapOf(
        1 to listOf(0, 1, 2, 3), 2 to listOf(1, 0, 3, 2), 3 to listOf(3, 2, 1, 0), 4 to listOf(2, 3, 0, 1),
        5 to listOf(0, 2, 1, 3), 6 to listOf(2, 0, 3, 1), 7 to listOf(3, 1, 2, 0), 8 to listOf(1, 3, 0, 2),
    )
    private val stored = listOf(Photos.UPPER_LEFT, Photos.UPPER_RIGHT, Photos.LOWER_LEFT, Photos.LOWER_RIGHT)

    @Test
    fun `all eight orientations are seen upright, whole and as preview`() {
        for ((orientation, places) in seen) {
            val file = folder.photo(640, 600, orientation)
            val photo = PhotoFile(file)
            assertEquals(if (orientation >= 5) Size(640, 600) else Size(600, 640), photo.size)
            for (bitmap in listOf(photo.preview(1280), photo.preview(200))) {
                places.forEachIndexed { place, quarter ->
                    val x = bitmap.width * (1 + 2 * (place % 2)) / 4
                    val y = bitmap.height * (1 + 2 * (place / 2)) / 4
                    assertTrue("orientation $orientation, place $place", Photos.near(stored[quarter], bitmap.getPixel(x, y)))
                }
            }
            val whole = photo.decode()
            assertEquals("turned as a whole, which takes the memory of two", 640 to 600, whole.width to whole.height)
            val rows = BitmapRows(whole, photo.orientation)
            assertEquals(photo.size, rows.size)
            places.forEachIndexed { place, quarter ->
                val row = ByteArray(4 * rows.size.width)
                rows.read(rows.size.height * (1 + 2 * (place / 2)) / 4, 1, row)
                val at = 4 * (rows.size.width * (1 + 2 * (place % 2)) / 4)
                val colour = Color.rgb(row[at].toInt() and 0xff, row[at + 1].toInt() and 0xff, row[at + 2].toInt() and 0xff)
                assertTrue("orientation $orientation, place $place", Photos.near(stored[quarter], colour))
            }
        }
    }

    @Test
    fun `what is written to upright rows is read back from them, and lies in the stored pixels`() {
        for (exif in 1..8) {
            val orientation = Orientation(exif)
            val bitmap = Photos.gradient(90, 70)
            val rows = BitmapRows(bitmap, orientation)
            val (height, width) = rows.size
            val given = ByteArray(4 * height * width) { if (it % 4 == 3) -1 else (it * 31 / 7 % 256).toByte() }
            rows.write(0, 33, given)
            rows.write(33, height - 33, given.copyOfRange(4 * width * 33, given.size))
            val back = ByteArray(given.size)
            rows.read(0, 50, back)
            val rest = ByteArray(4 * width * (height - 50)).also { rows.read(50, height - 50, it) }
            rest.copyInto(back, 4 * width * 50)
            assertTrue("orientation $exif", given.contentEquals(back))

            val pixels = ByteArray(given.size).also { bitmap.copyPixelsToBuffer(java.nio.ByteBuffer.wrap(it)) }
            val corner = floatArrayOf(0.5f, 0.5f).also { orientation.toUpright(Size(70, 90)).mapPoints(it) }
            val place = 4 * (corner[1].toInt() * width + corner[0].toInt())
            assertEquals("orientation $exif", given.slice(place..place + 2), pixels.slice(0..2))
        }
    }

    @Test
    fun `reading and writing rows changes nothing, whatever the colour space`() {
        val p3 = Bitmap.createBitmap(90, 70, Bitmap.Config.ARGB_8888, false, ColorSpace.get(ColorSpace.Named.DISPLAY_P3))
        for (bitmap in listOf(Photos.gradient(90, 70), p3)) {
            val rows = BitmapRows(bitmap)
            val given = ByteArray(4 * 90 * 70) { if (it % 4 == 3) -1 else (it * 31 / 7 % 256).toByte() }
            rows.write(0, 33, given)
            rows.write(33, 37, given.copyOfRange(4 * 90 * 33, given.size))
            val back = ByteArray(given.size)
            rows.read(0, 70, back)
            assertTrue(given.contentEquals(back))
        }
    }

    @Test
    fun `a wide colour space is kept`() {
        val p3 = Bitmap.createBitmap(100, 80, Bitmap.Config.ARGB_8888, false, ColorSpace.get(ColorSpace.Named.DISPLAY_P3))
        p3.eraseColor(Color.rgb(250, 30, 30))
        val photo = PhotoFile(Photos.jpeg(folder.newFile(), p3)).decode()
        assertEquals(ColorSpace.get(ColorSpace.Named.DISPLAY_P3), photo.colorSpace)
    }

    @Test
    fun `a picture with 16 bits per channel is read with 8`() {
        val deep = Raster.createInterleavedRaster(DataBuffer.TYPE_USHORT, 80, 80, 3, null)
        for (place in 0 until 80 * 80) deep.setPixel(place % 80, place / 80, intArrayOf(200 * 257, 40 * 257, 40 * 257))
        val colours = java.awt.color.ColorSpace.getInstance(java.awt.color.ColorSpace.CS_sRGB)
        val model = ComponentColorModel(colours, false, false, Transparency.OPAQUE, DataBuffer.TYPE_USHORT)
        val file = folder.newFile()
        assertTrue(ImageIO.write(BufferedImage(model, deep, false, null), "png", file))
        val photo = PhotoFile(file).decode()
        assertEquals(Bitmap.Config.ARGB_8888, photo.config)
        assertTrue(photo.isMutable)
        assertTrue(Photos.near(Color.rgb(200, 40, 40), photo.getPixel(40, 40)))
    }

    @Test
    fun `a transparent picture is laid on white`() {
        val file: File = folder.newFile()
        val clear = Bitmap.createBitmap(80, 80, Bitmap.Config.ARGB_8888)
        file.outputStream().use { clear.compress(Bitmap.CompressFormat.PNG, 100, it) }
        val photo = PhotoFile(file).decode()
        assertFalse(photo.hasAlpha())
        assertEquals(Color.WHITE, photo.getPixel(40, 40))
    }
}
