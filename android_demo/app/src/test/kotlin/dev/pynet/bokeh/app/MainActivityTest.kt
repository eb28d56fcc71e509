package dev.pynet.bokeh.app

import android.app.Activity
import android.content.Intent
import android.content.pm.ActivityInfo
import android.content.pm.PackageManager
import android.graphics.BitmapFactory
import android.net.Uri
import android.os.Looper
import android.provider.MediaStore
import android.view.View
import dev.pynet.bokeh.R
import dev.pynet.bokeh.core.Size
import dev.pynet.bokeh.core.Stage.RENDERING
import dev.pynet.bokeh.engine.Accelerator
import dev.pynet.bokeh.engine.RunningNetwork
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNotSame
import org.junit.Assert.assertNull
import org.junit.Assert.assertSame
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
import java.io.InputStream
import java.nio.ByteBuffer
import java.time.Duration
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

@RunWith(RobolectricTestRunner::class)
class MainActivityTest {
    @get:Rule
    val folder = TemporaryFolder()

    @Test
    fun `a photo from the picker is rendered, and what runs is shown`() {
        val stage = Stage()
        stage.click(R.id.pick)
        val asked = shadowOf(stage.activity).nextStartedActivityForResult
        assertEquals(MediaStore.ACTION_PICK_IMAGES, asked.intent.action)

        val uri = Uri.parse("content://photos/1")
        shadowOf(stage.activity.contentResolver).registerInputStream(uri, folder.photo().inputStream())
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
        resolver.registerInputStream(uri, folder.photo().inputStream())
        val shared = Stage(Intent(Intent.ACTION_SEND).setType("image/jpeg").putExtra(Intent.EXTRA_STREAM, uri))
        shared.settle()
        assertNotNull(shared.text(R.id.message), shared.state.after)

        shared.click(R.id.camera)
        val asked = shadowOf(shared.activity).nextStartedActivityForResult
        assertEquals(MediaStore.ACTION_IMAGE_CAPTURE, asked.intent.action)
        folder.photo(250, 100).copyTo(shared.studio.work.camera, overwrite = true)
        shadowOf(shared.activity).receiveResult(asked.intent, Activity.RESULT_OK, null)
        shared.settle()
        assertEquals(100, shared.state.photo!!.height)

        shared.studio.openSample(shared.studio.samples().first())
        shared.settle()
        assertNotNull(shared.text(R.id.message), shared.state.after)
    }

    @Test
    fun `there is one window, also for what is shared into it`() {
        val stage = Stage()
        val info = stage.app.packageManager.getActivityInfo(stage.activity.componentName, 0)
        assertEquals(ActivityInfo.LAUNCH_SINGLE_TASK, info.launchMode)

        val uri = Uri.parse("content://photos/3")
        shadowOf(stage.app.contentResolver).registerInputStream(uri, folder.photo().inputStream())
        val intent = Intent(Intent.ACTION_SEND).setType("image/jpeg").putExtra(Intent.EXTRA_STREAM, uri)
        stage.controller.newIntent(Intent(intent).addFlags(Intent.FLAG_ACTIVITY_LAUNCHED_FROM_HISTORY))
        assertFalse("takes again what was shared long ago", stage.state.busy)
        stage.controller.newIntent(intent)
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)
    }

    @Test
    fun `cancelling stops the work and says so`() {
        val begun = CountDownLatch(1)
        (RuntimeEnvironment.getApplication() as TestApp).ways = listOf(Accelerator("slow") { Fake(it, begun) })
        val slow = Stage()
        slow.open(folder.photo())
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
    fun `a photo that is being copied can be cancelled`() {
        val begun = CountDownLatch(1)
        val endless = object : InputStream() {
            override fun read() = 0

            override fun read(block: ByteArray, begin: Int, count: Int): Int {
                begun.countDown()
                Thread.sleep(10)
                return count
            }
        }
        val stage = Stage()
        stage.studio.open { endless }
        assertTrue(begun.await(60, TimeUnit.SECONDS))
        stage.click(R.id.cancel)
        stage.settle()
        assertEquals(stage.activity.getString(R.string.cancelled), stage.text(R.id.message))
        assertEquals(emptyList<File>(), stage.studio.work.photo.parentFile!!.listFiles()!!.toList())
    }

    @Test
    fun `a model that is chosen before the photo is there renders it`() {
        withTwoModels()
        val stage = Stage()
        val (begun, goOn) = CountDownLatch(1) to CountDownLatch(1)
        stage.studio.open {
            begun.countDown()
            goOn.await()
            null
        }
        assertTrue(begun.await(60, TimeUnit.SECONDS))
        stage.open(folder.photo(250, 100))
        stage.studio.choose(1)
        goOn.countDown()
        stage.settle()
        assertEquals(1, stage.state.model)
        assertEquals(Size(100, 250), stage.state.photo)
        assertNotNull(stage.text(R.id.message), stage.state.after)
    }

    @Test
    fun `a model that is chosen while no photo is shown renders none`() {
        withTwoModels()
        val before = Stage()
        before.open(folder.photo())
        before.settle()
        val bytes = before.studio.work.result.readBytes()
        before.end()

        val stage = Stage()
        stage.studio.choose(1)
        assertFalse(stage.state.busy)
        stage.settle()
        assertNull(stage.state.after)
        assertTrue(bytes.contentEquals(stage.studio.work.result.readBytes()))
    }

    private fun withTwoModels() {
        val app = RuntimeEnvironment.getApplication() as TestApp
        val good = app.assets.open("models/${AssetModels(app.assets).names.first()}.tflite").use { it.readBytes() }
        app.contents = mapOf("one" to ByteBuffer.wrap(good), "two" to ByteBuffer.wrap(good))
    }

    @Test
    fun `a rotation keeps the result and the line`() {
        val stage = Stage()
        stage.open(folder.photo())
        stage.settle()
        stage.studio.slide(0.25f)
        val (activity, studio) = stage.activity to stage.studio
        RuntimeEnvironment.setQualifiers("land")
        stage.controller.configurationChange()
        assertNotSame(activity, stage.activity)
        assertSame(studio, stage.studio)
        assertNotNull(stage.text(R.id.message), stage.state.after)
        assertEquals(0.25f, stage.state.slider)
        assertTrue(stage.activity.findViewById<View>(R.id.save).isEnabled)
    }

    @Test
    fun `a rotation during a rendering does not end it`() {
        val begun = CountDownLatch(1)
        (RuntimeEnvironment.getApplication() as TestApp).ways = listOf(Accelerator("slow") { Fake(it, begun) })
        val stage = Stage()
        stage.open(folder.photo())
        assertTrue(begun.await(60, TimeUnit.SECONDS))
        shadowOf(Looper.getMainLooper()).idle()
        val activity = stage.activity
        RuntimeEnvironment.setQualifiers("land")
        stage.controller.configurationChange()
        assertNotSame(activity, stage.activity)
        assertEquals(RENDERING, stage.state.progress?.stage)
        stage.click(R.id.cancel)
        stage.settle()
        assertEquals(stage.activity.getString(R.string.cancelled), stage.text(R.id.message))
    }

    @Test
    fun `the clock runs for what began before the window was there`() {
        val goOn = CountDownLatch(1)
        val photo = folder.photo().inputStream()
        val late = object : InputStream() {
            override fun read() = photo.read()

            override fun read(block: ByteArray, begin: Int, count: Int): Int {
                goOn.await()
                return photo.read(block, begin, count)
            }
        }
        val uri = Uri.parse("content://photos/4")
        shadowOf(RuntimeEnvironment.getApplication().contentResolver).registerInputStream(uri, late)
        val stage = Stage(Intent(Intent.ACTION_SEND).setType("image/jpeg").putExtra(Intent.EXTRA_STREAM, uri))
        val status = stage.text(R.id.status)
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(2))
        assertNotEquals(status, stage.text(R.id.status))
        goOn.countDown()
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)
    }

    @Test
    fun `the end of the process keeps the result and the line`() {
        val stage = Stage()
        stage.open(folder.photo())
        stage.settle()
        stage.studio.slide(0.75f)
        val kept = stage.end()
        val bytes = stage.studio.work.result.readBytes()

        val again = Stage(kept = kept)
        again.settle()
        assertNotNull(again.state.after)
        assertEquals(0.75f, again.state.slider)
        assertTrue(bytes.contentEquals(again.studio.work.result.readBytes()))
    }

    @Test
    fun `bad photos are refused in words and the app goes on`() {
        val stage = Stage()
        val damaged = folder.photo().apply { writeBytes(readBytes().copyOf(200)) }
        for ((file, word) in listOf(damaged to "damaged", folder.newFile() to "damaged", folder.photo(1, 1) to "1x1")) {
            stage.open(file)
            stage.settle()
            assertTrue(stage.text(R.id.message), word in stage.text(R.id.message))
            assertNull(stage.state.after)
        }
        stage.open(folder.photo())
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)
        assertEquals(View.GONE, stage.activity.findViewById<View>(R.id.message).visibility)
    }

    @Test
    fun `a photo that cannot be opened leaves the last result, which can be saved`() {
        val stage = Stage()
        stage.open(folder.photo())
        stage.settle()
        val bytes = stage.studio.work.result.readBytes()
        for (source in listOf<() -> InputStream?>({ null }, { ByteArray(5000).inputStream() }, { throw SecurityException("no") })) {
            stage.studio.open(source)
            stage.settle()
            assertNotEquals("", stage.text(R.id.message))
            assertNotNull(stage.state.after)
            assertTrue(bytes.contentEquals(stage.studio.work.result.readBytes()))
            assertFalse(File(stage.studio.work.photo.parentFile, "photo.part").exists())
        }
        val media = Robolectric.setupContentProvider(FakeMedia::class.java, MediaStore.AUTHORITY)
        stage.click(R.id.save)
        stage.settle()
        assertEquals(stage.activity.getString(R.string.saved), stage.text(R.id.message))
        assertTrue(bytes.contentEquals(media.file(media.entries.keys.single()).readBytes()))
    }

    @Test
    fun `where nothing can be stored that is said, and the next try may work`() {
        val stage = Stage()
        for (part in listOf("photo.part", "result.part")) {
            val obstacle = File(stage.studio.work.photo.parentFile, part)
            assertTrue(obstacle.mkdirs())
            stage.open(folder.photo())
            stage.settle()
            assertFalse(stage.state.busy)
            assertTrue(stage.text(R.id.message), "cannot be stored" in stage.text(R.id.message) && "Make room" in stage.text(R.id.message))
            assertNull(stage.state.after)
            assertFalse(obstacle.exists())
        }
        stage.open(folder.photo())
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)
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
        stage.open(folder.photo())
        stage.settle()
        val status = stage.text(R.id.status)
        assertTrue(status, "runs on CPU" in status && "Not used: GPU: computes wrong" in status && "driver on strike" in status)
    }

    @Test
    fun `an accelerator that fails at a photo is checked again at the next one`() {
        var opened = 0
        (RuntimeEnvironment.getApplication() as TestApp).ways = listOf(
            Accelerator("GPU") {
                check(opened++ == 0) { "device lost" }
                Mortal(Fake(it))
            },
            Accelerator("CPU") { Fake(it) },
        )
        val stage = Stage()
        stage.open(folder.photo())
        stage.settle()
        assertTrue(stage.text(R.id.message), "device lost" in stage.text(R.id.message))
        assertNull(stage.state.after)
        stage.open(folder.photo())
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)
        assertTrue(stage.text(R.id.status), "runs on CPU" in stage.text(R.id.status))
    }

    @Test
    fun `where nothing runs the reasons are shown`() {
        val app = RuntimeEnvironment.getApplication() as TestApp
        app.ways = listOf(Accelerator("CPU") { throw IllegalStateException("out of everything") })
        val stage = Stage()
        stage.open(folder.photo())
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
        stage.open(folder.photo())
        stage.settle()
        assertTrue(stage.text(R.id.message), "not ours has no facts about itself" in stage.text(R.id.message))
        stage.activity.findViewById<android.widget.Spinner>(R.id.models).setSelection(1)
        stage.settle()
        stage.settle()
        assertEquals(1, stage.state.model)
        assertNotNull(stage.text(R.id.message), stage.state.after)
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
}

/** A network that passes the self-check and fails from then on. */
private class Mortal(private val network: RunningNetwork) : RunningNetwork by network {
    private var runs = 0

    override fun run(input: ByteBuffer, output: ByteBuffer) {
        check(runs++ == 0) { "device lost" }
        network.run(input, output)
    }
}
