package dev.pynet.bokeh.app

import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.os.Looper
import android.os.SystemClock
import android.view.MotionEvent
import android.view.View
import dev.pynet.bokeh.R
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import java.time.Duration

/** The view with the line. */
@RunWith(RobolectricTestRunner::class)
class BeforeAfterViewTest {
    @get:Rule
    val folder = TemporaryFolder()

    @Test
    fun `the line follows a finger, the keys and accessibility services`() {
        val stage = Stage()
        stage.open(folder.photo())
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
    fun `a quick drag of the line is no tap, and a tap does not move the line`() {
        val stage = Stage()
        stage.open(folder.photo())
        stage.settle()
        val view = stage.activity.findViewById<BeforeAfterView>(R.id.picture)
        val points = mutableListOf<Point>()
        view.onPoint = { points += it }
        drag(view, 0.5f, 0.8f)
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))
        assertEquals(emptyList<Point>(), points)
        val slider = stage.state.slider
        tap(view, slider)
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofSeconds(1))
        assertEquals(slider, points.single().x, 0.02f)
        assertEquals(slider, stage.state.slider)
    }

    @Test
    fun `the next photo is seen whole, also where the last one was zoomed`() {
        val (first, second) = List(2) { Photos.quarters(200, 150 - 50 * it) }
        val whole = view(second).let(::drawn)
        val view = view(first)
        val seen = drawn(view)
        tap(view, 0.25f)
        shadowOf(Looper.getMainLooper()).idleFor(Duration.ofMillis(100))
        tap(view, 0.25f)
        assertFalse("not zoomed", seen.sameAs(drawn(view)))
        view.show(second, null, null, 0.5f)
        assertTrue(whole.sameAs(drawn(view)))
    }

    private fun view(photo: Bitmap) = BeforeAfterView(RuntimeEnvironment.getApplication(), null).apply {
        layout(0, 0, 400, 300)
        show(photo, null, null, 0.5f)
    }

    private fun drawn(view: View): Bitmap =
        Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888).also { view.draw(Canvas(it)) }

    @Test
    fun `the line is drawn on the picture alone, wherever the picture is in the view`() {
        val view = BeforeAfterView(RuntimeEnvironment.getApplication(), null).apply { layout(0, 0, 400, 300) }
        for ((width, height) in listOf(200 to 50, 50 to 100)) {
            val black = Bitmap.createBitmap(width, height, Bitmap.Config.ARGB_8888).apply { eraseColor(Color.BLACK) }
            view.show(black, black, null, 0.25f)
            val drawn = drawn(view)
            val places = (0 until 400 * 300).filter { drawn.getPixel(it % 400, it / 400) != 0 }
            val columns = places.minOf { it % 400 }..places.maxOf { it % 400 }
            val rows = places.minOf { it / 400 }..places.maxOf { it / 400 }
            assertEquals(if (width > height) 0..399 else 125..274, columns)
            assertEquals(if (width > height) 100..199 else 0..299, rows)
            val line = columns.first + (columns.last + 1 - columns.first) / 4
            assertEquals(Color.WHITE, drawn.getPixel(line, rows.first + 2))
        }
    }

    private fun drag(view: View, from: Float, to: Float) = touch(view, from, (from + to) / 2, to)

    private fun tap(view: View, at: Float) = touch(view, at)

    /** A finger goes down at a share of the width, over others, and up at the last. */
    private fun touch(view: View, from: Float, vararg over: Float) {
        val moves = over.map { MotionEvent.ACTION_MOVE to it }
        val actions = listOf(MotionEvent.ACTION_DOWN to from) + moves + (MotionEvent.ACTION_UP to (over.lastOrNull() ?: from))
        val now = SystemClock.uptimeMillis()
        for ((action, share) in actions) {
            val event = MotionEvent.obtain(now, now, action, share * view.width, view.height / 2f, 0)
            view.dispatchTouchEvent(event)
            event.recycle()
        }
    }
}
