package dev.pynet.bokeh.app

import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.ColorSpace
import android.media.ExifInterface
import android.net.Uri
import android.provider.MediaStore
import android.view.View
import dev.pynet.bokeh.R
import dev.pynet.bokeh.core.Size
import dev.pynet.bokeh.core.Stage.RENDERING
import dev.pynet.bokeh.engine.Accelerator
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import java.io.File
import java.nio.ByteBuffer
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

@RunWith(RobolectricTestRunner::class)
class MainActivityTest {
    @get:Rule
    val folder = TemporaryFolder()

    private fun photo(width: Int = 300, height: Int = 200, orientation: Int = 1): File =
        Photos.jpeg(folder.newFile(), Photos.quarters(width, height), orientation)

    @Test
    fun `a photo from the picker is rendered, and what runs is shown`() {
        val stage = Stage()
        stage.click(R.id.pick)
        val asked = shadowOf(stage.activity).nextStartedActivityForResult
        assertEquals(MediaStore.ACTION_PICK_IMAGES, asked.intent.action)

        val uri = Uri.parse("content://photos/1")
        shadowOf(stage.activity.contentResolver).registerInputStream(uri, photo().inputStream())
        shadowOf(stage.activity).receiveResult(asked.intent, Activity.RESULT_OK, Intent().setData(uri))
        stage.settle()

        assertNotNull(stage.text(R.id.message), stage.state.after)
        assertTrue(stage.activity.findViewById<View>(R.id.save).isEnabled)
        assertTrue(stage.text(R.id.status), "300 × 200" in stage.text(R.id.status) && "runs on test" in stage.text(R.id.status))
        val result = BitmapFactory.decodeFile(stage.studio.work.result.path)
        assertEquals(300 to 200, result.width to result.height)
    }

    @Test
    fun `a shared photo, one from the camera and a sample are rendered`() {
        val uri = Uri.parse("content://photos/2")
        val resolver = shadowOf(RuntimeEnvironment.getApplication().contentResolver)
        resolver.registerInputStream(uri, photo().inputStream())
        val shared = Stage(Intent(Intent.ACTION_SEND).setType("image/jpeg").putExtra(Intent.EXTRA_STREAM, uri))
        shared.settle()
        assertNotNull(shared.text(R.id.message), shared.state.after)

        shared.click(R.id.camera)
        val asked = shadowOf(shared.activity).nextStartedActivityForResult
        assertEquals(MediaStore.ACTION_IMAGE_CAPTURE, asked.intent.action)
        photo(250, 100).copyTo(shared.studio.work.camera, overwrite = true)
        shadowOf(shared.activity).receiveResult(asked.intent, Activity.RESULT_OK, null)
        shared.settle()
        assertEquals(100, shared.state.photo!!.height)

        shared.studio.openSample(shared.studio.samples().first())
        shared.settle()
        assertNotNull(shared.text(R.id.message), shared.state.after)
    }

    @Test
    fun `what is saved is what was rendered, in a place that others see once it is whole`() {
        val stage = Stage()
        stage.open(photo(orientation = 6))
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
        stage.open(photo())
        stage.settle()
        stage.click(R.id.share)
        val chooser = shadowOf(stage.activity).nextStartedActivityForResult.intent
        @Suppress("DEPRECATION")
        val sent: Intent = chooser.getParcelableExtra(Intent.EXTRA_INTENT)!!
        assertTrue(sent.flags and Intent.FLAG_GRANT_READ_URI_PERMISSION != 0)

        val provider = Robolectric.setupContentProvider(WorkProvider::class.java, "dev.pynet.bokeh.work")
        val length = provider.openFile(WorkProvider.result(stage.activity), "r").use { it.statSize }
        assertEquals(stage.studio.work.result.length(), length)
        val other = Uri.parse("content://dev.pynet.bokeh.work/photo")
        assertTrue(runCatching { provider.openFile(other, "r") }.exceptionOrNull() is java.io.FileNotFoundException)
    }

    @Test
    fun `cancelling stops the work and says so`() {
        val begun = CountDownLatch(1)
        (RuntimeEnvironment.getApplication() as TestApp).ways = listOf(Accelerator("slow") { Fake(it, begun) })
        val slow = Stage()
        slow.open(photo())
        assertTrue(slow.text(R.id.message), begun.await(60, TimeUnit.SECONDS))
        shadowOf(android.os.Looper.getMainLooper()).idle()
        assertEquals(RENDERING, slow.state.progress?.stage)
        assertEquals(View.VISIBLE, slow.activity.findViewById<View>(R.id.cancel).visibility)
        slow.click(R.id.cancel)
        slow.settle()
        assertNull(slow.state.after)
        assertFalse(slow.state.busy)
        assertEquals(slow.activity.getString(R.string.cancelled), slow.text(R.id.message))
        assertFalse(slow.studio.work.result.exists())
    }

    @Test
    fun `a rotation keeps the result and the line`() {
        val stage = Stage()
        stage.open(photo())
        stage.settle()
        stage.studio.slide(0.25f)
        val before = stage.studio
        RuntimeEnvironment.setQualifiers("land")
        stage.controller.configurationChange()
        assertTrue("made anew", before === stage.studio)
        assertNotNull(stage.text(R.id.message), stage.state.after)
        assertEquals(0.25f, stage.state.slider)
        assertTrue(stage.activity.findViewById<View>(R.id.save).isEnabled)
    }

    @Test
    fun `the end of the process keeps the result and the line`() {
        val stage = Stage()
        stage.open(photo())
        stage.settle()
        stage.studio.slide(0.75f)
        val kept = android.os.Bundle()
        stage.controller.saveInstanceState(kept).pause().stop().destroy()
        val bytes = stage.studio.work.result.readBytes()

        val again = Robolectric.buildActivity(MainActivity::class.java).setup(kept)
        again.get().studio.await()
        shadowOf(android.os.Looper.getMainLooper()).idle()
        assertNotNull(again.get().studio.state.after)
        assertEquals(0.75f, again.get().studio.state.slider)
        assertTrue(bytes.contentEquals(again.get().studio.work.result.readBytes()))
    }

    @Test
    fun `bad photos are refused in words and the app goes on`() {
        val stage = Stage()
        val damaged = photo().apply { writeBytes(readBytes().copyOf(200)) }
        for ((file, word) in listOf(damaged to "damaged", folder.newFile() to "damaged", photo(1, 1) to "1x1")) {
            stage.open(file)
            stage.settle()
            assertTrue(stage.text(R.id.message), word in stage.text(R.id.message))
            assertNull(stage.state.after)
        }
        stage.open(photo())
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)
        assertEquals(View.GONE, stage.activity.findViewById<View>(R.id.message).visibility)
    }

    @Test
    fun `an app that shares what it does not hand out is told`() {
        val stage = Stage()
        stage.studio.open { throw SecurityException("no") }
        stage.settle()
        assertTrue("hand it out" in stage.text(R.id.message))
    }

    @Test
    fun `an accelerator that computes wrong or fails is switched off and shown`() {
        val app = RuntimeEnvironment.getApplication() as TestApp
        app.ways = listOf(
            Accelerator("NPU") { throw IllegalStateException("driver on strike") },
            Accelerator("GPU") { Fake(it, wrong = true) },
            Accelerator("CPU") { Fake(it) },
        )
        val stage = Stage()
        stage.open(photo())
        stage.settle()
        val status = stage.text(R.id.status)
        assertTrue(status, "runs on CPU" in status && "Not used: GPU: computes wrong" in status && "driver on strike" in status)
    }

    @Test
    fun `where nothing runs the reasons are shown`() {
        val app = RuntimeEnvironment.getApplication() as TestApp
        app.ways = listOf(Accelerator("CPU") { throw IllegalStateException("out of everything") })
        val stage = Stage()
        stage.open(photo())
        stage.settle()
        assertTrue("out of everything" in stage.text(R.id.message))
        assertFalse(stage.state.busy)
    }

    @Test
    fun `a model that does not fit is refused in words, and another can be chosen`() {
        val app = RuntimeEnvironment.getApplication() as TestApp
        val good = app.assets.open("models/${AssetModels(app.assets).names.first()}.tflite").use { it.readBytes() }
        app.contents = mapOf(
            "not ours" to ByteBuffer.wrap(ByteArray(5000)),
            "ours" to ByteBuffer.wrap(good),
        )
        val stage = Stage()
        stage.open(photo())
        stage.settle()
        assertTrue(stage.text(R.id.message), "not ours has no facts about itself" in stage.text(R.id.message))
        stage.activity.findViewById<android.widget.Spinner>(R.id.models).setSelection(1)
        stage.settle()
        stage.settle()
        assertEquals(1, stage.state.model)
        assertNotNull(stage.text(R.id.message), stage.state.after)
    }

    @Test
    fun `the line follows a finger, the keys and accessibility services`() {
        val stage = Stage()
        stage.open(photo())
        stage.settle()
        val view = stage.activity.findViewById<BeforeAfterView>(R.id.picture)
        drag(view, 0.5f, 0.8f)
        assertEquals(0.8f, stage.state.slider, 0.02f)
        view.onKeyDown(android.view.KeyEvent.KEYCODE_DPAD_LEFT, null)
        assertEquals(0.7f, stage.state.slider, 0.02f)
        val info = view.createAccessibilityNodeInfo()
        assertEquals("android.widget.SeekBar", info.className)
        view.performAccessibilityAction(android.view.accessibility.AccessibilityNodeInfo.ACTION_SCROLL_BACKWARD, null)
        assertEquals(0.6f, stage.state.slider, 0.02f)
    }

    @Test
    fun `the line is drawn on the picture alone, wherever the picture is in the view`() {
        val view = BeforeAfterView(RuntimeEnvironment.getApplication(), null).apply { layout(0, 0, 400, 300) }
        for ((width, height) in listOf(200 to 50, 50 to 100)) {
            val black = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888).apply { eraseColor(Color.BLACK) }
            view.show(black, black, null, 0.25f)
            val drawn = Bitmap.createBitmap(400, 300, Bitmap.Config.ARGB_8888).also { view.draw(Canvas(it)) }
            val places = (0 until 400 * 300).filter { drawn.getPixel(it % 400, it / 400) != 0 }
            val columns = places.minOf { it % 400 }..places.maxOf { it % 400 }
            val rows = places.minOf { it / 400 }..places.maxOf { it / 400 }
            assertEquals(if (width > height) 0..399 else 125..274, columns)
            assertEquals(if (width > height) 100..199 else 0..299, rows)
            val line = columns.first + (columns.last + 1 - columns.first) / 4
            assertEquals(Color.WHITE, drawn.getPixel(line, rows.first + 2))
        }
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

    @Test
    fun `every control has a name and is large enough for a finger`() {
        val stage = Stage()
        val least = 48 * stage.activity.resources.displayMetrics.density
        for (id in listOf(R.id.pick, R.id.camera, R.id.samples, R.id.save, R.id.share, R.id.benchmark)) {
            val view = stage.activity.findViewById<android.widget.Button>(id)
            assertTrue(view.text.isNotEmpty())
            assertTrue("${view.text} is ${view.width}x${view.height}", view.width >= least && view.height >= least)
        }
        assertEquals(stage.activity.getString(R.string.no_photo), stage.activity.findViewById<View>(R.id.picture).contentDescription)
    }

    @Test
    fun `no permission is asked for`() {
        val app = RuntimeEnvironment.getApplication()
        val info = app.packageManager.getPackageInfo(app.packageName, PackageManager.GET_PERMISSIONS)
        assertTrue(info.requestedPermissions.orEmpty().isEmpty())
    }

    private fun drag(view: View, from: Float, to: Float) {
        val y = view.height / 2f
        for ((action, share) in listOf(0 to from, 2 to (from + to) / 2, 2 to to, 1 to to)) {
            val event = android.view.MotionEvent.obtain(0, 0, action, share * view.width, y, 0)
            view.dispatchTouchEvent(event)
            event.recycle()
        }
    }
}
