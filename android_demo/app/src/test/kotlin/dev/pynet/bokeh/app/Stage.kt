package dev.pynet.bokeh.app

import android.content.Intent
import android.graphics.Bitmap
import android.graphics.Canvas
import android.os.Bundle
import android.os.Looper
import android.view.View
import org.robolectric.Robolectric
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.android.controller.ActivityController
import java.io.File

/** The main screen in a test. */
class Stage(intent: Intent? = null, kept: Bundle? = null) {
    val app: TestApp = RuntimeEnvironment.getApplication() as TestApp
    var controller: ActivityController<MainActivity> =
        Robolectric.buildActivity(MainActivity::class.java, intent).apply { if (kept == null) setup() else setup(kept) }
    val activity: MainActivity get() = controller.get()
    val studio: Studio get() = activity.studio
    val state: ScreenState get() = studio.state

    fun open(photo: File) = studio.open { photo.inputStream() }

    /** Waits until all that was asked for is done and shown. */
    fun settle() {
        studio.await()
        shadowOf(Looper.getMainLooper()).idle()
    }

    /** Ends as a process does, and gives what the system keeps. */
    fun end(): Bundle = Bundle().also { controller.saveInstanceState(it).pause().stop().destroy() }

    fun click(id: Int) = check(activity.findViewById<View>(id).performClick())

    fun text(id: Int): String = activity.findViewById<android.widget.TextView>(id).text.toString()

    private fun exactly(pixels: Int) = View.MeasureSpec.makeMeasureSpec(pixels, View.MeasureSpec.EXACTLY)

    fun screenshot(name: String): Bitmap {
        val view = activity.window.decorView
        val metrics = activity.resources.displayMetrics
        view.measure(exactly(metrics.widthPixels), exactly(metrics.heightPixels))
        view.layout(0, 0, metrics.widthPixels, metrics.heightPixels)
        val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(bitmap))
        val folder = File(checkNotNull(System.getProperty("screenshots"))).apply { mkdirs() }
        File(folder, "$name.png").outputStream().use { bitmap.compress(Bitmap.CompressFormat.PNG, 100, it) }
        return bitmap
    }
}
