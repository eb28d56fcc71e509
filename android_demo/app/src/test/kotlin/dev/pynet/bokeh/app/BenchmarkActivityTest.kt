package dev.pynet.bokeh.app

import android.content.Intent
import android.os.Looper
import android.widget.Button
import android.widget.TextView
import dev.pynet.bokeh.R
import dev.pynet.bokeh.engine.Accelerator
import dev.pynet.bokeh.engine.RunningNetwork
import org.json.JSONObject
import org.junit.Assert.assertFalse
import org.junit.Assert.assertSame
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import java.io.File
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

@RunWith(RobolectricTestRunner::class)
class BenchmarkActivityTest {
    private val app get() = RuntimeEnvironment.getApplication() as TestApp

    private fun begin(intent: Intent) =
        Robolectric.buildActivity(BenchmarkActivity::class.java, intent.putExtra("runs", 2).putExtra("warmups", 0)).setup()

    @Test
    fun `what is not there is a failure with the names of what is`() {
        for ((intent, name) in listOf(
            Intent().putExtra("model", "misspelt") to AssetModels(app.assets).names.first(),
            Intent().putExtra("accelerator", "NPU") to "test",
        )) {
            val activity = begin(intent).get()
            activity.await()
            val failure = JSONObject(activity.file.readText()).getJSONArray("results").getJSONObject(0).getString("failure")
            assertTrue(failure, "no such" in failure && name in failure)
        }
    }

    @Test
    fun `one measurement at a time, which a rotation does not end and closing does`() {
        val begun = CountDownLatch(1)
        val closed = CountDownLatch(1)
        app.ways = listOf(Accelerator("slow") {
            object : RunningNetwork by Fake(it, begun) {
                override fun close() = closed.countDown()
            }
        })
        val controller = begin(Intent())
        val activity = controller.get()
        val button = activity.findViewById<Button>(R.id.start)
        assertTrue(begun.await(60, TimeUnit.SECONDS))
        assertFalse(button.isEnabled)
        assertTrue(button.keepScreenOn)
        RuntimeEnvironment.setQualifiers("land")
        controller.configurationChange()
        assertSame(activity, controller.get())

        controller.pause().stop().destroy()
        assertTrue("goes on", closed.await(60, TimeUnit.SECONDS))
        assertFalse(activity.file.exists())
        shadowOf(Looper.getMainLooper()).idle()
        assertTrue(button.isEnabled)
    }

    @Test
    fun `what cannot be written is told`() {
        val activity = Robolectric.setupActivity(BenchmarkActivity::class.java)
        assertTrue(File(activity.file.path + ".part").mkdirs())
        activity.findViewById<Button>(R.id.start).performClick()
        activity.await()
        shadowOf(Looper.getMainLooper()).idle()
        val report = activity.findViewById<TextView>(R.id.report).text
        assertTrue("$report", "Not written" in report)
        assertTrue(activity.findViewById<Button>(R.id.start).isEnabled)
    }
}
