package dev.pynet.bokeh.core

import kotlin.math.exp

private const val TRAINED_SIDE = 1024
private const val FOCUS_RADIUS = 0.3

/**
 * A depth map for photos without one: near (1) at a point, a Gaussian falling off to far (0), its standard deviation
 * three tenths of the photo's shorter side; of the photo's aspect, the shorter side at most 1024.
 */
fun focusDepth(photo: Size, column: Double, row: Double): Picture {
    val shorter = minOf(photo.height, photo.width)
    val shrink = maxOf(1.0, shorter.toDouble() / TRAINED_SIDE)
    val spread = 2 * (FOCUS_RADIUS * shorter) * (FOCUS_RADIUS * shorter)
    val rows = fallOff(photo.height, shrink, row, spread)
    val columns = fallOff(photo.width, shrink, column, spread)
    return Picture(rows.size, columns.size, 1, FloatArray(rows.size * columns.size) { rows[it / columns.size] * columns[it % columns.size] })
}

private fun fallOff(side: Int, shrink: Double, centre: Double, spread: Double): FloatArray =
    FloatArray(maxOf(1, Math.rint(side / shrink).toInt())) {
        val distance = it * shrink - centre
        exp(-distance * distance / spread).toFloat()
    }
