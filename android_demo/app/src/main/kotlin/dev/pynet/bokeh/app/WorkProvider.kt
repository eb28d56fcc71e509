package dev.pynet.bokeh.app

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import java.io.File
import java.io.FileNotFoundException

/** Hands two files to other apps, to those that were told to have them: the result to read, the camera's to write. */
class WorkProvider : ContentProvider() {
    override fun onCreate() = true

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        val work = Work(checkNotNull(context).filesDir.resolve("work"))
        return when (uri.lastPathSegment) {
            RESULT -> ParcelFileDescriptor.open(work.result, ParcelFileDescriptor.MODE_READ_ONLY)
            CAMERA -> ParcelFileDescriptor.open(work.camera, ParcelFileDescriptor.parseMode(mode))
            else -> throw FileNotFoundException(uri.toString())
        }
    }

    override fun getType(uri: Uri) = Gallery.MIME

    override fun query(
        uri: Uri, projection: Array<out String>?, selection: String?, arguments: Array<out String>?, order: String?,
    ): Cursor {
        val file: File = Work(checkNotNull(context).filesDir.resolve("work")).result
        val facts = mapOf<String, Any>(OpenableColumns.DISPLAY_NAME to "bokeh.jpg", OpenableColumns.SIZE to file.length())
        val columns = projection?.filter { it in facts } ?: facts.keys.toList()
        return MatrixCursor(columns.toTypedArray()).apply { addRow(columns.map { facts.getValue(it) }) }
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun delete(uri: Uri, selection: String?, arguments: Array<out String>?) = 0

    override fun update(uri: Uri, values: ContentValues?, selection: String?, arguments: Array<out String>?) = 0

    companion object {
        private const val RESULT = "result.jpg"
        private const val CAMERA = "camera.jpg"

        fun result(context: Context): Uri = uri(context, RESULT)

        fun camera(context: Context): Uri = uri(context, CAMERA)

        private fun uri(context: Context, name: String): Uri = Uri.parse("content://${context.packageName}.work/$name")
    }
}
