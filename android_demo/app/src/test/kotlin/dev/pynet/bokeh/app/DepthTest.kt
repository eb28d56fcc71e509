package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.graphics.Color
import dev.pynet.bokeh.R
import dev.pynet.bokeh.core.Picture
import dev.pynet.bokeh.engine.Accelerator
import dev.pynet.bokeh.engine.RunningNetwork
import org.json.JSONArray
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import java.io.ByteArrayOutputStream
import java.io.File
import java.nio.ByteBuffer
import java.security.MessageDigest
import java.util.Base64
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream

/** A model with depth: it is shown the map inside the photo, or one around the point that is tapped. */
@RunWith(RobolectricTestRunner::class)
class DepthTest {
    @get:Rule
    val folder = TemporaryFolder()

    private var shown: Picture? = null

    @Before
    fun withDepth() {
        val app = RuntimeEnvironment.getApplication() as TestApp
        app.contents = mapOf("depth" to artifact())
        app.ways = listOf(Accelerator("test") { artifact -> Watched(Fake(artifact)) { shown = artifact.input.decode(it) } })
    }

    @Test
    fun `a photo without a map asks for a tap, and what is tapped is near`() {
        val stage = Stage()
        stage.open(folder.photo(128, 128))
        stage.settle()
        assertNull(stage.state.after)
        assertFalse(stage.state.busy)
        assertEquals(stage.activity.getString(R.string.tap_to_focus), stage.text(R.id.message))

        stage.studio.focus(Point(0.75f, 0.25f))
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)
        assertEquals(listOf(false, true, false, false), near(0.8f))
    }

    @Test
    fun `what was tapped in the last photo is not near in the next one`() {
        val stage = Stage()
        stage.open(folder.photo(128, 128))
        stage.settle()
        stage.studio.focus(Point(0.75f, 0.25f))
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)

        stage.open(Photos.jpeg(folder.newFile(), Photos.gradient(128, 128)))
        stage.settle()
        assertNull(stage.state.after)
        assertNull(stage.state.focus)
        assertEquals(stage.activity.getString(R.string.tap_to_focus), stage.text(R.id.message))
    }

    @Test
    fun `after the end of the process a tap still counts`() {
        val before = Stage()
        before.open(folder.photo(128, 128))
        before.settle()
        before.studio.focus(Point(0.75f, 0.25f))
        before.settle()

        val stage = Stage(kept = before.end())
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)
        shown = null
        stage.studio.focus(Point(0.25f, 0.75f))
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)
        assertEquals(listOf(false, false, true, false), near(0.8f))
    }

    @Test
    fun `the map inside a photo is seen upright as the photo is`() {
        for ((orientation, place) in listOf(0, 1, 3, 2, 0, 1, 3, 2).mapIndexed { exif, place -> exif + 1 to place }) {
            val stage = Stage()
            stage.open(withMap(folder.photo(128, 128, orientation)))
            stage.settle()
            assertNotNull(stage.text(R.id.message), stage.state.after)
            assertEquals("orientation $orientation", List(4) { it == place }, near(0.5f))
            stage.end()
        }
    }

    /** For each quarter (upper left, upper right, lower left, lower right) whether the network was told that it is near. */
    private fun near(least: Float): List<Boolean> {
        val tensor = checkNotNull(shown)
        assertEquals(4, tensor.channels)
        return List(4) { tensor[tensor.height * (1 + 2 * (it / 2)) / 4, tensor.width * (1 + 2 * (it % 2)) / 4, 3] > least }
    }

    private fun withMap(photo: File): File {
        val map = Bitmap.createBitmap(16, 16, Bitmap.Config.ARGB_8888)
        map.eraseColor(Color.WHITE)
        for (row in 0 until 8) for (column in 0 until 8) map.setPixel(column, row, Color.BLACK)
        val png = ByteArrayOutputStream().also { map.compress(Bitmap.CompressFormat.PNG, 100, it) }.toByteArray()
        val xmp = "<rdf:Description GDepth:Data=\"${Base64.getEncoder().encodeToString(png)}\"/>"
        val body = "http://ns.adobe.com/xap/1.0/\u0000".toByteArray() + xmp.toByteArray()
        val jpeg = photo.readBytes()
        val length = body.size + 2
        val segment = byteArrayOf(0xff.toByte(), 0xe1.toByte(), (length shr 8).toByte(), length.toByte()) + body
        photo.writeBytes(jpeg.copyOf(2) + segment + jpeg.copyOfRange(2, jpeg.size))
        return photo
    }

    /** A file that says of itself that it takes depth; what is in it no runtime is asked to read. */
    private fun artifact(): ByteBuffer {
        val content = ByteArray(100)
        val facts = JSONObject()
            .put("schema_id", "pynet-artifact/1")
            .put("name", "depth")
            .put("content_sha256", MessageDigest.getInstance("SHA-256").digest(content).joinToString("") { "%02x".format(it) })
            .put("model", JSONObject().put("inputs", "rgbd"))
            .put("recipe", JSONObject().put("name", "float32"))
            .put("input", port("photo", listOf(1, 64, 64, 4)))
            .put("output", port("bokeh", listOf(1, 128, 128, 3)))
        val zip = ByteArrayOutputStream()
        ZipOutputStream(zip).use {
            it.putNextEntry(ZipEntry("metadata.json"))
            it.write(facts.toString().toByteArray())
        }
        return ByteBuffer.wrap(content + zip.toByteArray())
    }

    private fun port(name: String, shape: List<Int>) = JSONObject()
        .put("name", name)
        .put("shape", JSONArray(shape))
        .put("type", "float32")
        .put("scale", JSONArray())
        .put("zero_point", JSONArray())
}

/** A network that tells what it is shown. */
private class Watched(private val network: RunningNetwork, private val see: (ByteBuffer) -> Unit) : RunningNetwork by network {
    override fun run(input: ByteBuffer, output: ByteBuffer) {
        see(input)
        network.run(input, output)
    }
}
