package dev.pynet.bokeh.app

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Matrix
import android.graphics.Paint
import android.graphics.RectF
import android.os.Bundle
import android.util.AttributeSet
import android.view.GestureDetector
import android.view.KeyEvent
import android.view.MotionEvent
import android.view.ScaleGestureDetector
import android.view.View
import android.view.ViewConfiguration
import android.view.accessibility.AccessibilityNodeInfo
import android.view.accessibility.AccessibilityNodeInfo.RangeInfo
import android.widget.SeekBar
import kotlin.math.abs
import kotlin.math.hypot

/** The photo left of a line that can be dragged, the result right of it; both can be zoomed together. */
class BeforeAfterView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    /** Is told where the line is dragged to, 0..1 of the width of what is seen of the photo. */
    var onSlide: (Float) -> Unit = {}

    /** Is told which point of the photo was tapped. */
    var onPoint: (Point) -> Unit = {}

    private var before: Bitmap? = null
    private var after: Bitmap? = null
    private var focus: Point? = null
    private var slider = 0.5f
    private var zoom = 1f
    private var shiftX = 0f
    private var shiftY = 0f
    private var grabbed = false
    private var sliding = false
    private var downX = 0f
    private var downY = 0f

    private val slop = ViewConfiguration.get(context).scaledTouchSlop
    private val density = resources.displayMetrics.density
    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply {
        color = Color.WHITE
        strokeWidth = 2 * density
        setShadowLayer(3 * density, 0f, 0f, Color.BLACK)
    }
    private val ring = Paint(line).apply { style = Paint.Style.STROKE }
    private val matrixToView = Matrix()
    private val gestures = GestureDetector(context, Gestures())
    private val pinch = ScaleGestureDetector(context, Pinch())

    init {
        isFocusable = true
        isClickable = true
    }

    /** Shows two pictures of the same aspect; without a result the photo alone. */
    fun show(before: Bitmap?, after: Bitmap?, focus: Point?, slider: Float) {
        if (before !== this.before) resetZoom()
        this.before = before
        this.after = after
        this.focus = focus
        this.slider = slider
        invalidate()
    }

    override fun onDraw(canvas: Canvas) {
        val photo = before ?: return
        placeIn(photo)
        canvas.drawBitmap(photo, matrixToView, smooth)
        after?.let { drawResult(canvas, it) }
        focus?.let { drawFocus(canvas, photo, it) }
    }

    private fun drawResult(canvas: Canvas, result: Bitmap) {
        val seen = seen()
        val x = lineIn(seen)
        canvas.save()
        canvas.clipRect(x, 0f, width.toFloat(), height.toFloat())
        placeIn(result)
        canvas.drawBitmap(result, matrixToView, smooth)
        canvas.restore()
        canvas.save()
        canvas.clipRect(seen)
        canvas.drawLine(x, seen.top, x, seen.bottom, line)
        canvas.restore()
        canvas.drawCircle(x, seen.centerY(), HANDLE * density, line)
    }

    /** Where the photo, or what zooming leaves of it, is in the view. */
    private fun seen(): RectF {
        val photo = before ?: return RectF()
        placeIn(photo)
        val place = RectF(0f, 0f, photo.width.toFloat(), photo.height.toFloat())
        matrixToView.mapRect(place)
        place.intersect(0f, 0f, width.toFloat(), height.toFloat())
        return place
    }

    private fun lineIn(seen: RectF) = seen.left + slider * seen.width()

    private fun drawFocus(canvas: Canvas, photo: Bitmap, point: Point) {
        placeIn(photo)
        val place = floatArrayOf(point.x * photo.width, point.y * photo.height)
        matrixToView.mapPoints(place)
        canvas.drawCircle(place[0], place[1], 2 * HANDLE * density, ring)
    }

    /** Fits a bitmap into the view, then zooms. */
    private fun placeIn(bitmap: Bitmap) {
        val inside = RectF(0f, 0f, bitmap.width.toFloat(), bitmap.height.toFloat())
        val outside = RectF(0f, 0f, width.toFloat(), height.toFloat())
        matrixToView.setRectToRect(inside, outside, Matrix.ScaleToFit.CENTER)
        matrixToView.postScale(zoom, zoom, width / 2f, height / 2f)
        matrixToView.postTranslate(shiftX, shiftY)
    }

    @Suppress("ClickableViewAccessibility") // performClick is called by the gesture detector's tap
    override fun onTouchEvent(event: MotionEvent): Boolean {
        parent?.requestDisallowInterceptTouchEvent(true)
        if (event.actionMasked == MotionEvent.ACTION_DOWN) {
            grabbed = after != null && abs(event.x - lineIn(seen())) < GRIP * density
            sliding = false
            downX = event.x
            downY = event.y
        }
        pinch.onTouchEvent(event)
        val slides = grabbed && event.actionMasked == MotionEvent.ACTION_MOVE && !pinch.isInProgress
        if (slides) slide(event) else gestures.onTouchEvent(event)
        return true
    }

    /** Moves the line once the finger has gone farther than a tap's may; then it is none. */
    private fun slide(event: MotionEvent) {
        if (!sliding) {
            if (hypot(event.x - downX, event.y - downY) <= slop) return
            sliding = true
            val end = MotionEvent.obtain(event).apply { action = MotionEvent.ACTION_CANCEL }
            gestures.onTouchEvent(end)
            end.recycle()
        }
        val seen = seen()
        onSlide(((event.x - seen.left) / seen.width()).coerceIn(0f, 1f))
    }

    override fun onKeyDown(keyCode: Int, event: KeyEvent?): Boolean {
        val step = when (keyCode) {
            KeyEvent.KEYCODE_DPAD_LEFT -> -STEP
            KeyEvent.KEYCODE_DPAD_RIGHT -> STEP
            else -> return super.onKeyDown(keyCode, event)
        }
        onSlide((slider + step).coerceIn(0f, 1f))
        return true
    }

    override fun onInitializeAccessibilityNodeInfo(info: AccessibilityNodeInfo) {
        super.onInitializeAccessibilityNodeInfo(info)
        if (after == null) return
        info.className = SeekBar::class.java.name
        info.rangeInfo = range()
        info.addAction(AccessibilityNodeInfo.AccessibilityAction.ACTION_SCROLL_FORWARD)
        info.addAction(AccessibilityNodeInfo.AccessibilityAction.ACTION_SCROLL_BACKWARD)
    }

    @Suppress("DEPRECATION") // its constructor came with API 30
    private fun range(): RangeInfo = RangeInfo.obtain(RangeInfo.RANGE_TYPE_PERCENT, 0f, 100f, 100 * slider)

    override fun performAccessibilityAction(action: Int, arguments: Bundle?): Boolean {
        val step = when (action) {
            AccessibilityNodeInfo.ACTION_SCROLL_FORWARD -> STEP
            AccessibilityNodeInfo.ACTION_SCROLL_BACKWARD -> -STEP
            else -> return super.performAccessibilityAction(action, arguments)
        }
        onSlide((slider + step).coerceIn(0f, 1f))
        return true
    }

    private fun resetZoom() {
        zoom = 1f
        shiftX = 0f
        shiftY = 0f
    }

    private fun zoomTo(wanted: Float, aroundX: Float, aroundY: Float) {
        val next = wanted.coerceIn(1f, LARGEST_ZOOM)
        val change = next / zoom
        shiftX = (shiftX + (width / 2f - aroundX)) * change - (width / 2f - aroundX)
        shiftY = (shiftY + (height / 2f - aroundY)) * change - (height / 2f - aroundY)
        zoom = next
        limitShift()
    }

    private fun limitShift() {
        val x = (zoom - 1) * width / 2
        val y = (zoom - 1) * height / 2
        shiftX = shiftX.coerceIn(-x, x)
        shiftY = shiftY.coerceIn(-y, y)
        invalidate()
    }

    private fun tapped(x: Float, y: Float) {
        val photo = before ?: return
        placeIn(photo)
        val back = Matrix()
        if (!matrixToView.invert(back)) return
        val place = floatArrayOf(x, y)
        back.mapPoints(place)
        val point = Point(place[0] / photo.width, place[1] / photo.height)
        if (point.x in 0f..1f && point.y in 0f..1f) onPoint(point)
    }

    private inner class Gestures : GestureDetector.SimpleOnGestureListener() {
        override fun onDown(event: MotionEvent) = true

        override fun onScroll(first: MotionEvent?, last: MotionEvent, distanceX: Float, distanceY: Float): Boolean {
            shiftX -= distanceX
            shiftY -= distanceY
            limitShift()
            return true
        }

        override fun onSingleTapConfirmed(event: MotionEvent): Boolean {
            performClick()
            tapped(event.x, event.y)
            return true
        }

        override fun onDoubleTap(event: MotionEvent): Boolean {
            if (zoom > 1) resetZoom() else zoomTo(DOUBLE_TAP_ZOOM, event.x, event.y)
            invalidate()
            return true
        }
    }

    private inner class Pinch : ScaleGestureDetector.SimpleOnScaleGestureListener() {
        override fun onScale(detector: ScaleGestureDetector): Boolean {
            zoomTo(zoom * detector.scaleFactor, detector.focusX, detector.focusY)
            return true
        }
    }

    private companion object {
        const val HANDLE = 12f // dp, as the next
        const val GRIP = 32f
        const val STEP = 0.1f
        const val LARGEST_ZOOM = 8f
        const val DOUBLE_TAP_ZOOM = 3f
    }
}
