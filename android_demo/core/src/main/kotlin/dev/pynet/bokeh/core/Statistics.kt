package dev.pynet.bokeh.core

/** The value under which a share (0..1) of the values lies, linearly between neighbours, as numpy's `quantile`. */
fun quantile(values: List<Double>, share: Double): Double {
    require(values.isNotEmpty()) { "no values" }
    val sorted = values.sorted()
    val place = share * (sorted.size - 1)
    val below = place.toInt()
    val above = minOf(below + 1, sorted.size - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (place - below)
}
