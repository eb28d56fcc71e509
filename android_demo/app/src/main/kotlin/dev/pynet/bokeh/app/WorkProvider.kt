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

/** Hands files to other apps, to those that were told to have them: what is shared to read, the camera's to write. */
class WorkProvider : ContentProvider() {
    override fun onCreate() = true

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        val file = file(uri) ?: throw FileNotFoundException(uri.toString())
        val way = if (file == work().camera) ParcelFileDescriptor.parseMode(mode) else ParcelFileDescriptor.MODE_READ_ONLY
        return ParcelFileDescriptor.open(file, way)
    }

    private fun work() = Work(checkNotNull(context).filesDir.resolve("work"))

    private fun file(uri: Uri): File? {
        val files = work().shared.listFiles().orEmpty().toList() + work().camera
        return files.firstOrNull { it.name == uri.lastPathSegment }
    }

    override fun getType(uri: Uri) = Gallery.MIME

    override fun query(
        uri: Uri, projection: Array<out String>?, selection: String?, arguments: Array<out String>?, order: String?,
    ): Cursor? {
        val file = file(uri) ?: return null
        val facts = mapOf<String, Any>(OpenableColumns.DISPLAY_NAME to file.name, OpenableColumns.SIZE to file.length())
        val columns = projection?.filter { it in facts } ?: facts.keys.toList()
        return MatrixCursor(columns.toTypedArray()).apply { addRow(columns.map { facts.getValue(it) }) }
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun delete(uri: Uri, selection: String?, arguments: Array<out String>?) = 0

    override fun update(uri: Uri, values: ContentValues?, selection: String?, arguments: Array<out String>?) = 0

    companion object {
        private const val CAMERA = "camera.jpg"

        fun camera(context: Context): Uri = uri(context, CAMERA)

        /** Of a file by its name. */
        fun uri(context: Context, name: String): Uri = Uri.parse("content://${context.packageName}.work/$name")
    }
}
