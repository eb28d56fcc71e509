package dev.pynet.bokeh.app

import android.app.Activity
import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Color
import android.graphics.ColorSpace
import android.media.ExifInterface
import android.net.Uri
import android.os.Build
import android.os.Looper
import android.provider.MediaStore
import dev.pynet.bokeh.R
import dev.pynet.bokeh.core.Size
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.util.ReflectionHelpers
import java.io.ByteArrayOutputStream
import java.io.FileNotFoundException
import java.time.Duration

/** What leaves the app: saved and shared results. */
@RunWith(RobolectricTestRunner::class)
class SavingTest {
    @get:Rule
    val folder = TemporaryFolder()

    @Test
    fun `what is saved is what was rendered, in a place that others see once it is whole`() {
        val stage = Stage()
        stage.open(folder.photo(orientation = 6))
        stage.settle()
        val media = Robolectric.setupContentProvider(FakeMedia::class.java, MediaStore.AUTHORITY)
        stage.click(R.id.save)
        stage.settle()

        assertEquals(stage.activity.getString(R.string.saved), stage.state.message?.problem)
        val (id, values) = media.entries.entries.single()
        assertEquals(1, media.writtenWhilePending)
        assertEquals(0, values.getAsInteger(MediaStore.Images.Media.IS_PENDING))
        assertEquals("Pictures/PyNET", values.getAsString(MediaStore.Images.Media.RELATIVE_PATH))
        val saved = media.file(id)
        assertEquals(Size(300, 200), PhotoFile(saved).size)
        val facts = ExifInterface(saved.path)
        assertEquals(6, facts.getAttributeInt(ExifInterface.TAG_ORIENTATION, 0))
        assertEquals("Test camera", facts.getAttribute(ExifInterface.TAG_MODEL))
    }

    @Test
    fun `the result can be shared, and nothing else can be read by others`() {
        val stage = Stage()
        stage.open(folder.photo())
        stage.settle()
        val first = shared(stage)
        val length = stage.studio.work.result.length()
        val provider = Robolectric.setupContentProvider(WorkProvider::class.java, "dev.pynet.bokeh.work")
        assertEquals(length, provider.openFile(first, "r").use { it.statSize })
        for (name in listOf("photo", "result.jpg", "..%2Fphoto")) {
            val other = Uri.parse("content://dev.pynet.bokeh.work/$name")
            assertTrue(name, runCatching { provider.openFile(other, "r") }.exceptionOrNull() is FileNotFoundException)
        }

        stage.open(folder.photo(200, 150))
        stage.settle()
        assertEquals("who reads late gets another picture", length, provider.openFile(first, "r").use { it.statSize })
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))
        val second = shared(stage)
        assertEquals(stage.studio.work.result.length(), provider.openFile(second, "r").use { it.statSize })
        assertTrue(runCatching { provider.openFile(first, "r") }.exceptionOrNull() is FileNotFoundException)
    }

    /** What other apps are given. */
    @Suppress("DEPRECATION")
    private fun shared(stage: Stage): Uri {
        stage.click(R.id.share)
        stage.settle()
        val chooser = shadowOf(stage.activity).nextStartedActivityForResult.intent
        val sent: Intent = chooser.getParcelableExtra(Intent.EXTRA_INTENT)!!
        assertTrue(sent.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION != 0)
        return sent.getParcelableExtra(Intent.EXTRA_STREAM)!!
    }

    @Test
    fun `what cannot be saved leaves nothing in the gallery, and is told`() {
        val stage = Stage()
        stage.open(folder.photo())
        stage.settle()
        val media = Robolectric.setupContentProvider(FakeMedia::class.java, MediaStore.AUTHORITY)
        for (step in listOf("insert", "update")) {
            media.fails = step
            stage.click(R.id.save)
            stage.settle()
            assertTrue(stage.text(R.id.message), "could not be saved" in stage.text(R.id.message))
            assertTrue(step, media.entries.isEmpty())
        }
    }

    @Test
    fun `before Android 10 the user chooses the place, and that is what is said`() {
        val stage = Stage()
        stage.open(folder.photo())
        stage.settle()
        val level = Build.VERSION.SDK_INT
        ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", Build.VERSION_CODES.P)
        try {
            stage.click(R.id.save)
        } finally {
            ReflectionHelpers.setStaticField(Build.VERSION::class.java, "SDK_INT", level)
        }
        val asked = shadowOf(stage.activity).nextStartedActivityForResult
        assertEquals(Intent.ACTION_CREATE_DOCUMENT, asked.intent.action)
        val place = Uri.parse("content://documents/1")
        val written = ByteArrayOutputStream()
        shadowOf(stage.app.contentResolver).registerOutputStream(place, written)
        shadowOf(stage.activity).receiveResult(asked.intent, Activity.RESULT_OK, Intent().setData(place))
        stage.settle()
        assertEquals(stage.activity.getString(R.string.saved_there), stage.text(R.id.message))
        assertTrue(stage.studio.work.result.readBytes().contentEquals(written.toByteArray()))
    }

    @Test
    fun `the numbers of a wide colour space are in the saved file, and which space it is`() {
        for (space in listOf(ColorSpace.Named.DISPLAY_P3, ColorSpace.Named.ADOBE_RGB).map { ColorSpace.get(it) }) {
            val wide = Bitmap.createBitmap(128, 96, Bitmap.Config.ARGB_8888, false, space)
            wide.eraseColor(Color.pack(0.9f, 0.2f, 0.1f, 1f, space))
            val stage = Stage()
            stage.open(Photos.jpeg(folder.newFile(), wide))
            stage.settle()
            val saved = PhotoFile(stage.studio.work.result).decode()
            assertEquals(space, saved.colorSpace)
            val row = ByteArray(4 * 128).also { BitmapRows(saved).read(40, 1, it) }
            listOf(0.9f, 0.2f, 0.1f).forEachIndexed { channel, value ->
                assertEquals("$space", 255 * value, (row[4 * 60 + channel].toInt() and 0xff).toFloat(), 4f)
            }
        }
    }
}
