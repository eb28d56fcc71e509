package dev.pynet.bokeh.app

import android.annotation.TargetApi
import android.content.ContentValues
import android.content.Context
import android.net.Uri
import android.os.Build
import android.provider.MediaStore
import dev.pynet.bokeh.core.Refused
import java.io.File
import java.io.IOException

/** Puts results where the user's photos are; what fails is [Refused]. */
class Gallery(private val context: Context) {
    /** Whether photos can be added without a permission; before Android 10 the user chooses a place instead. */
    val canAdd: Boolean get() = Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q

    /** Adds a JPEG to Pictures/PyNET; it is seen by others once it is whole. */
    @TargetApi(Build.VERSION_CODES.Q)
    fun add(file: File, name: String): Uri {
        val resolver = context.contentResolver
        val values = ContentValues().apply {
            put(MediaStore.Images.Media.DISPLAY_NAME, name)
            put(MediaStore.Images.Media.MIME_TYPE, MIME)
            put(MediaStore.Images.Media.RELATIVE_PATH, "Pictures/PyNET")
            put(MediaStore.Images.Media.IS_PENDING, 1)
        }
        return saving {
            val place = resolver.insert(MediaStore.Images.Media.EXTERNAL_CONTENT_URI, values) ?: throw IOException("no place for it")
            var whole = false
            try {
                copy(file, place)
                val seen = ContentValues().apply { put(MediaStore.Images.Media.IS_PENDING, 0) }
                if (resolver.update(place, seen, null, null) == 0) throw IOException("the gallery does not take it")
                whole = true
            } finally {
                if (!whole) resolver.delete(place, null, null)
            }
            place
        }
    }

    /** Writes a file to a place that the user chose. */
    fun write(file: File, place: Uri) = saving { copy(file, place) }

    private fun copy(file: File, place: Uri) {
        val stream = context.contentResolver.openOutputStream(place, "w") ?: throw IOException("it cannot be opened")
        stream.use { target -> file.inputStream().use { it.copyTo(target) } }
    }

    private inline fun <T> saving(work: () -> T): T = try {
        work()
    } catch (error: IOException) {
        throw failed(error)
    } catch (error: RuntimeException) { // the other app's, of many kinds
        throw failed(error)
    }

    private fun failed(error: Exception) =
        Refused("The picture could not be saved: ${error.message ?: error.javaClass.simpleName}.", "Make room and try again.")

    companion object {
        const val MIME = "image/jpeg"
    }
}
