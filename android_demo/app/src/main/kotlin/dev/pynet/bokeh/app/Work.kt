package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.media.ExifInterface
import dev.pynet.bokeh.core.Refused
import java.io.File
import java.io.IOException
import java.io.InputStream

/** The files under way: the photo, its result and what the camera gives. They outlive the process. */
class Work(folder: File) {
    private val folder = folder.apply { mkdirs() }
    val photo = File(folder, "photo")
    val result = File(folder, "result.jpg")
    val camera = File(folder, "camera.jpg")

    /**
     * Takes a copy of a photo, as the right to read it ends with the process; the last result goes.
     *
     * @throws Refused it cannot be read, or has more than 200 MB
     */
    fun take(open: () -> InputStream?) {
        result.delete()
        val beside = File(folder, "photo.part")
        try {
            val stream = open() ?: throw IOException("nothing there")
            stream.use { source -> beside.outputStream().use { copy(source, it) } }
        } catch (error: IOException) {
            beside.delete()
            throw Refused("The photo cannot be read: ${error.message}.", "Choose it again.")
        } catch (error: SecurityException) {
            beside.delete()
            throw Refused("The app that has the photo does not hand it out: ${error.message}.", "Choose it from the gallery.")
        }
        beside.renameTo(photo)
    }

    /** Writes the result with the photo's facts: how it lies, when, with what and how it was taken, but not where. */
    fun keep(bitmap: Bitmap, orientation: Orientation) {
        val beside = File(folder, "result.part")
        beside.outputStream().use { bitmap.compress(Bitmap.CompressFormat.JPEG, QUALITY, it) }
        val facts = facts() + (ExifInterface.TAG_ORIENTATION to orientation.exif.toString())
        ExifInterface(beside.path).apply { facts.forEach { (tag, value) -> setAttribute(tag, value) } }.saveAttributes()
        beside.renameTo(result)
    }

    private fun facts(): List<Pair<String, String>> = try {
        val given = ExifInterface(photo.path)
        FACTS.mapNotNull { tag -> given.getAttribute(tag)?.let { tag to it } }
    } catch (_: IOException) {
        emptyList() // a photo without facts that can be read
    }

    private fun copy(source: InputStream, target: java.io.OutputStream) {
        val block = ByteArray(1 shl 16)
        var total = 0L
        while (true) {
            val count = source.read(block)
            if (count < 0) return
            total += count
            if (total > LARGEST_FILE) throw IOException("it has more than ${LARGEST_FILE shr 20} MB")
            target.write(block, 0, count)
        }
    }

    companion object {
        /** Of the JPEG files that are saved. */
        const val QUALITY = 95
        private const val LARGEST_FILE = 200L shl 20
        private val FACTS = listOf(
            ExifInterface.TAG_DATETIME, ExifInterface.TAG_DATETIME_ORIGINAL, ExifInterface.TAG_DATETIME_DIGITIZED,
            ExifInterface.TAG_OFFSET_TIME_ORIGINAL, ExifInterface.TAG_MAKE, ExifInterface.TAG_MODEL,
            ExifInterface.TAG_F_NUMBER, ExifInterface.TAG_EXPOSURE_TIME, ExifInterface.TAG_ISO_SPEED_RATINGS,
            ExifInterface.TAG_FOCAL_LENGTH, ExifInterface.TAG_FOCAL_LENGTH_IN_35MM_FILM, ExifInterface.TAG_FLASH,
            ExifInterface.TAG_WHITE_BALANCE, ExifInterface.TAG_ARTIST, ExifInterface.TAG_COPYRIGHT,
        )
    }
}
