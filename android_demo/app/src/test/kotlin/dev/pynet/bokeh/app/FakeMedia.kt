package dev.pynet.bokeh.app

import android.content.ContentProvider
import android.content.ContentUris
import android.content.ContentValues
import android.database.Cursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.MediaStore
import java.io.File

/** A gallery with files: what is inserted, written and updated can be read. */
class FakeMedia : ContentProvider() {
    private val folder by lazy { File(checkNotNull(context).cacheDir, "gallery").apply { mkdirs() } }

    /** The values of each entry after all updates. */
    val entries = mutableMapOf<Long, ContentValues>()

    /** What it does not do: "insert" or "update". */
    var fails = ""

    /** How many entries were pending when they were opened for writing. */
    var writtenWhilePending = 0
        private set

    fun file(id: Long) = File(folder, "$id.jpg")

    override fun onCreate() = true

    override fun insert(uri: Uri, values: ContentValues?): Uri {
        check(fails != "insert") { "the gallery is closed" }
        val id = entries.size + 1L
        entries[id] = ContentValues(values)
        return ContentUris.withAppendedId(uri, id)
    }

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        val id = ContentUris.parseId(uri)
        if (entries.getValue(id).getAsInteger(MediaStore.Images.Media.IS_PENDING) == 1) writtenWhilePending++
        return ParcelFileDescriptor.open(file(id), ParcelFileDescriptor.parseMode(mode) or ParcelFileDescriptor.MODE_CREATE)
    }

    override fun update(uri: Uri, values: ContentValues?, selection: String?, arguments: Array<out String>?): Int {
        if (fails == "update") return 0
        entries.getValue(ContentUris.parseId(uri)).putAll(values)
        return 1
    }

    override fun delete(uri: Uri, selection: String?, arguments: Array<out String>?): Int =
        if (entries.remove(ContentUris.parseId(uri)) == null) 0 else 1

    override fun query(
        uri: Uri, projection: Array<out String>?, selection: String?, arguments: Array<out String>?, order: String?,
    ): Cursor? = null

    override fun getType(uri: Uri) = "image/jpeg"
}
