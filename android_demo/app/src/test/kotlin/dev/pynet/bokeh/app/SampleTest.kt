package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import dev.pynet.bokeh.R
import dev.pynet.bokeh.core.Size
import dev.pynet.bokeh.engine.TfLiteNetwork
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import java.io.File
import kotlin.math.log10

/** The real artifact on the real runtime, behind the real screen. */
@RunWith(RobolectricTestRunner::class)
class SampleTest {
    @get:Rule
    val folder = TemporaryFolder()

    @Before
    fun withTheRuntime() {
        (RuntimeEnvironment.getApplication() as TestApp).ways = TfLiteNetwork.accelerators(2)
    }

    @Test
    fun `a photo on the real runtime, in four shapes of screen`() {
        val stage = Stage()
        stage.screenshot("empty")
        stage.studio.openSample(stage.studio.samples().first())
        stage.settle()
        assertNotNull(stage.text(R.id.message), stage.state.after)
        for ((name, qualifiers) in mapOf(
            "phone" to "+w411dp-h891dp-port-notnight-420dpi", "phone-sideways" to "+w891dp-h411dp-land-notnight-420dpi",
            "tablet" to "+w1280dp-h800dp-land-notnight-xhdpi", "dark" to "+w411dp-h891dp-port-night-420dpi",
        )) {
            RuntimeEnvironment.setQualifiers(qualifiers)
            stage.controller.configurationChange()
            stage.settle()
            val colours = stage.screenshot(name).let { shot -> (0 until 400).map { shot.getPixel(shot.width * (it % 20) / 20, shot.height * (it / 20) / 20) }.toSet() }
            assertTrue("$name shows ${colours.size} colours", colours.size > 40)
        }
    }

    @Test
    fun `the saved file agrees with Python's`() {
        val stage = Stage()
        stage.open(File(System.getProperty("expected"), "photo.png"))
        stage.settle()
        val ours = BitmapFactory.decodeFile(stage.studio.work.result.path)
        val python = throughJpeg(BitmapFactory.decodeFile(File(System.getProperty("expected"), "${stage.state.models[0]}.png").path))
        println("the saved JPEG agrees with Python's picture, saved likewise, at %.1f dB".format(psnr(ours, python)))
        assertTrue(psnr(ours, python) >= 55)
    }

    @Test
    fun `fifty megapixels`() {
        val stage = Stage()
        val photo = Photos.jpeg(folder.newFile(), Photos.gradient(8192, 6144), orientation = 8)
        stage.open(photo)
        stage.settle()
        assertEquals("", stage.text(R.id.message))
        assertEquals(Size(8192, 6144), PhotoFile(stage.studio.work.result).size)
    }

    @Test
    fun `the benchmark writes what it measured`() {
        val intent = android.content.Intent().putExtra("runs", 2).putExtra("warmups", 0).putExtra("accelerator", "cpu")
            .putExtra("model", AssetModels(RuntimeEnvironment.getApplication().assets).names.first())
        val activity = Robolectric.buildActivity(BenchmarkActivity::class.java, intent).setup().get()
        activity.await()
        val results = JSONObject(activity.file.readText()).getJSONArray("results")
        val first = results.getJSONObject(0)
        assertEquals("CPU, 2 threads", first.getString("accelerator"))
        assertEquals(2, first.getJSONArray("runs_ms").length())
        assertTrue(first.getDouble("likeness_db") > 35 && first.getDouble("median_ms") > 0)
    }

    /** What the platform's encoder, which halves the colours' resolution, leaves of a picture. */
    private fun throughJpeg(picture: Bitmap): Bitmap {
        val file = folder.newFile()
        file.outputStream().use { picture.compress(Bitmap.CompressFormat.JPEG, Work.QUALITY, it) }
        return BitmapFactory.decodeFile(file.path)
    }

    private fun psnr(first: Bitmap, second: Bitmap): Double {
        assertEquals(first.width to first.height, second.width to second.height)
        val (ours, theirs) = listOf(first, second).map { bitmap ->
            IntArray(bitmap.width * bitmap.height).also { bitmap.getPixels(it, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height) }
        }
        val sum = ours.indices.sumOf { place ->
            (0..16 step 8).sumOf { shift -> ((ours[place] shr shift and 0xff) - (theirs[place] shr shift and 0xff)).let { (it * it).toDouble() } }
        }
        return 10 * log10(255.0 * 255 / (sum / (3.0 * ours.size)))
    }
}
