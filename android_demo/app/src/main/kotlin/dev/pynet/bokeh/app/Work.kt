package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.media.ExifInterface
import dev.pynet.bokeh.core.Cancelled
import dev.pynet.bokeh.core.Refused
import dev.pynet.bokeh.core.Watch
import java.io.File
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream

/** The files under way: the photo, its result, what the camera gives and what is shared. They outlive the process. */
class Work(folder: File) {
    private val folder = folder.apply { mkdirs() }
    val photo = File(folder, "photo")
    val result = File(folder, "result.jpg")
    val camera = File(folder, "camera.jpg")

    /** A folder with the last copy that was shared. */
    val shared = File(folder, "shared")

    /**
     * Takes a copy of a photo, as the right to read it ends with the process. The last photo and its result go once
     * the new one is there and has been looked at.
     *
     * @return what `look` saw
     * @throws Refused it cannot be read, has more than 200 MB, is refused by `look`, or there is no room for it
     * @throws Cancelled the watch said so
     */
    fun <T> take(watch: Watch, open: () -> InputStream?, look: (PhotoFile) -> T): T {
        val beside = File(folder, "photo.part")
        try {
            reading {
                val stream = open() ?: throw IOException("nothing there")
                stream.use { source -> storing { beside.outputStream().use { copy(source, it, watch) } } }
            }
            val seen = look(PhotoFile(beside))
            result.delete()
            storing { rename(beside, photo) }
            return seen
        } finally {
            beside.delete()
        }
    }

    /**
     * Writes the result with the photo's facts: how it lies, when, with what and how it was taken, but not where.
     *
     * @throws Refused there is no room for it
     */
    fun keep(bitmap: Bitmap, orientation: Orientation) {
        val beside = File(folder, "result.part")
        try {
            storing {
                val whole = beside.outputStream().use { bitmap.compress(Bitmap.CompressFormat.JPEG, QUALITY, it) }
                if (!whole) throw IOException("the picture is not whole")
                val facts = facts() + (ExifInterface.TAG_ORIENTATION to orientation.exif.toString())
                ExifInterface(beside.path).apply { facts.forEach { (tag, value) -> setAttribute(tag, value) } }.saveAttributes()
                rename(beside, result)
            }
        } finally {
            beside.delete()
        }
    }

    /**
     * Copies the result under a name of its own, so that who reads it late gets this one or none.
     *
     * @throws Refused there is no room for it
     */
    fun share(name: String) = storing {
        shared.deleteRecursively()
        result.copyTo(File(shared, name))
    }

    private fun facts(): List<Pair<String, String>> = try {
        val given = ExifInterface(photo.path)
        FACTS.mapNotNull { tag -> given.getAttribute(tag)?.let { tag to it } }
    } catch (_: IOException) {
        emptyList() // a photo without facts that can be read
    }

    private fun copy(source: InputStream, target: OutputStream, watch: Watch) {
        val block = ByteArray(1 shl 16)
        var total = 0L
        while (true) {
            if (watch.cancelled) throw Cancelled()
            val count = reading { source.read(block) }
            if (count < 0) return
            total += count
            if (total > LARGEST_FILE) throw Refused("The photo has more than ${LARGEST_FILE shr 20} MB.", "Choose another one.")
            target.write(block, 0, count)
        }
    }

    private inline fun <T> reading(work: () -> T): T = try {
        work()
    } catch (error: IOException) {
        throw Refused("The photo cannot be read: ${error.message}.", "Choose it again.")
    } catch (error: SecurityException) {
        throw Refused("The app that has the photo does not hand it out: ${error.message}.", "Choose it from the gallery.")
    }

    private inline fun <T> storing(work: () -> T): T = try {
        work()
    } catch (error: IOException) {
        throw Refused("The picture cannot be stored: ${error.message}.", "Make room on the phone and try again.")
    }

    private fun rename(from: File, to: File) {
        if (!from.renameTo(to)) throw IOException("${to.name} cannot be written")
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
