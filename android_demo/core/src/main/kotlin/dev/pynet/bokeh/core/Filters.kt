package dev.pynet.bokeh.core

import kotlin.math.exp

private const val REACH = 4.0 // standard deviations

/** A Gaussian of `sigma` pixels over rows and columns; beyond the border its pixels go on. */
fun Picture.blurred(sigma: Double): Picture = filtered(gaussian(sigma))

/** The mean of a square of `2 * radius + 1` pixels; beyond the border its pixels go on. */
fun Picture.averaged(radius: Int): Picture = filtered(FloatArray(2 * radius + 1) { 1f / (2 * radius + 1) })

private fun gaussian(sigma: Double): FloatArray {
    val radius = (REACH * sigma + 0.5).toInt()
    val weights = DoubleArray(2 * radius + 1) { exp(-0.5 * (it - radius) * (it - radius) / (sigma * sigma)) }
    val sum = weights.sum()
    return FloatArray(weights.size) { (weights[it] / sum).toFloat() }
}

private fun Picture.filtered(weights: FloatArray): Picture = filteredDown(weights).filteredAcross(weights)

private fun Picture.filteredDown(weights: FloatArray): Picture {
    val result = Picture(height, width, channels)
    val length = width * channels
    inParallel(height) { row ->
        val target = row * length
        for (tap in weights.indices) {
            val source = (row + tap - weights.size / 2).coerceIn(0, height - 1) * length
            val weight = weights[tap]
            for (column in 0 until length) result.values[target + column] += weight * values[source + column]
        }
    }
    return result
}

private fun Picture.filteredAcross(weights: FloatArray): Picture {
    val result = Picture(height, width, channels)
    val radius = weights.size / 2
    inParallel(height) { row ->
        val line = FloatArray((width + 2 * radius) * channels)
        for (place in 0 until width + 2 * radius) {
            val source = (row * width + (place - radius).coerceIn(0, width - 1)) * channels
            System.arraycopy(values, source, line, place * channels, channels)
        }
        val target = row * width * channels
        for (tap in weights.indices) {
            val weight = weights[tap]
            val shift = tap * channels
            for (column in 0 until width * channels) result.values[target + column] += weight * line[shift + column]
        }
    }
    return result
}
