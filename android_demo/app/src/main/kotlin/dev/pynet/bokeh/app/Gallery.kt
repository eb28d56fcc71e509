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

/** Puts results where the user's photos are. */
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
        val place = resolver.insert(MediaStore.Images.Media.EXTERNAL_CONTENT_URI, values) ?: throw full("no place for it")
        try {
            write(file, place)
        } catch (refused: Refused) {
            resolver.delete(place, null, null)
            throw refused
        }
        resolver.update(place, ContentValues().apply { put(MediaStore.Images.Media.IS_PENDING, 0) }, null, null)
        return place
    }

    /** Writes a file to a place that the user chose. */
    fun write(file: File, place: Uri) {
        try {
            val stream = context.contentResolver.openOutputStream(place, "w") ?: throw IOException("it cannot be opened")
            stream.use { target -> file.inputStream().use { it.copyTo(target) } }
        } catch (error: IOException) {
            throw full(error.message)
        }
    }

    private fun full(why: String?) = Refused("The picture could not be saved: $why.", "Make room and try again.")

    companion object {
        const val MIME = "image/jpeg"
    }
}
