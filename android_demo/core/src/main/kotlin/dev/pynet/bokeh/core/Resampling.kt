package dev.pynet.bokeh.core

import kotlin.math.abs
import kotlin.math.ceil

/**
 * Interpolation by a kernel that grows where a picture shrinks, as Pillow's `resize` does, to the last bit: sums are of
 * doubles, lines between the two passes of floats. Integer networks magnify the least difference.
 */
enum class Filter(val support: Double) {
    BILINEAR(1.0) {
        override fun weight(distance: Double): Double = maxOf(0.0, 1 - abs(distance))
    },

    /** Keys' cubic with a = -0.5; it may leave 0..1 a little. */
    BICUBIC(2.0) {
        override fun weight(distance: Double): Double {
            val x = abs(distance)
            return when {
                x < 1 -> (1.5 * x - 2.5) * x * x + 1
                x < 2 -> (((x - 5) * x + 8) * x - 4) * -0.5
                else -> 0.0
            }
        }
    };

    abstract fun weight(distance: Double): Double
}

/** For each place of an output line the first place of the input line that counts, and weights from there on. */
class Taps(val input: Int, val output: Int, filter: Filter) {
    private val scale = input.toDouble() / output
    private val stretch = maxOf(1.0, scale)
    private val support = filter.support * stretch

    /** The most weights that a place has. */
    val size = ceil(support).toInt() * 2 + 1
    val first = IntArray(output)
    val count = IntArray(output)
    val weights = DoubleArray(output * size)

    init {
        for (place in 0 until output) {
            val centre = (place + 0.5) * scale
            val begin = maxOf(0, (centre - support + 0.5).toInt())
            val end = minOf(input, (centre + support + 0.5).toInt())
            val line = DoubleArray(end - begin) { filter.weight((it + begin - centre + 0.5) * (1 / stretch)) }
            val sum = line.sum()
            first[place] = begin
            count[place] = line.size
            line.forEachIndexed { tap, weight -> weights[place * size + tap] = weight / sum }
        }
    }

    /** One line of pixels brought to the output's length. */
    fun apply(line: FloatArray, channels: Int, result: FloatArray) {
        if (channels == 3) return applyToColours(line, result)
        for (place in 0 until output) {
            for (channel in 0 until channels) {
                var sum = 0.0
                for (tap in 0 until count[place]) {
                    sum += weights[place * size + tap] * line[(first[place] + tap) * channels + channel]
                }
                result[place * channels + channel] = sum.toFloat()
            }
        }
    }

    private fun applyToColours(line: FloatArray, result: FloatArray) {
        for (place in 0 until output) {
            var red = 0.0
            var green = 0.0
            var blue = 0.0
            var source = first[place] * 3
            for (tap in place * size until place * size + count[place]) {
                val weight = weights[tap]
                red += weight * line[source]
                green += weight * line[source + 1]
                blue += weight * line[source + 2]
                source += 3
            }
            result[place * 3] = red.toFloat()
            result[place * 3 + 1] = green.toFloat()
            result[place * 3 + 2] = blue.toFloat()
        }
    }
}

/** Scales a picture of which one row after the other is given: what it needs is the size of the result. */
class RowScaler(inputHeight: Int, inputWidth: Int, outputHeight: Int, outputWidth: Int, channels: Int, filter: Filter) {
    private val across = Taps(inputWidth, outputWidth, filter)
    private val down = Taps(inputHeight, outputHeight, filter)
    private val line = FloatArray(outputWidth * channels)
    private val sums = Array(outputHeight) { EMPTY }
    private var next = 0
    private var open = 0

    /** The scaled picture, whole once every row has been given. */
    val result = Picture(outputHeight, outputWidth, channels)

    /** Takes the next row of the input. */
    fun add(row: FloatArray) {
        across.apply(row, result.channels, line)
        while (open < down.output && down.first[open] + down.count[open] <= next) open++
        var place = open
        while (place < down.output && down.first[place] <= next) {
            val tap = next - down.first[place]
            if (tap < down.count[place]) add(place, down.weights[place * down.size + tap], tap == down.count[place] - 1)
            place++
        }
        next++
    }

    private fun add(place: Int, weight: Double, last: Boolean) {
        if (sums[place] === EMPTY) sums[place] = DoubleArray(line.size)
        val sum = sums[place]
        for (column in line.indices) sum[column] += weight * line[column]
        if (!last) return
        for (column in line.indices) result.values[place * line.size + column] = sum[column].toFloat()
        sums[place] = EMPTY
    }

    private companion object {
        val EMPTY = DoubleArray(0)
    }
}

/** Gives single rows of a picture at another size. Rows may be asked for in any order, each thread with its own. */
class Enlarged(private val picture: Picture, height: Int, width: Int, filter: Filter = Filter.BICUBIC) {
    private val across = Taps(picture.width, width, filter)
    private val down = Taps(picture.height, height, filter)
    private val length = picture.width * picture.channels

    /** Floats that [row] needs to work on. */
    val scratch: Int get() = length

    /** Writes row `place` of the enlarged picture to `result`. */
    fun row(place: Int, scratch: FloatArray, result: FloatArray) {
        scratch.fill(0f)
        for (tap in 0 until down.count[place]) {
            val weight = down.weights[place * down.size + tap].toFloat()
            val begin = (down.first[place] + tap) * length
            for (column in 0 until length) scratch[column] += weight * picture.values[begin + column]
        }
        across.apply(scratch, picture.channels, result)
    }
}

/** Scaled to a size, antialiased where it shrinks. */
fun Picture.resized(height: Int, width: Int, filter: Filter): Picture {
    if (height == this.height && width == this.width) return this
    val scaler = RowScaler(this.height, this.width, height, width, channels, filter)
    val length = this.width * channels
    for (row in 0 until this.height) scaler.add(values.copyOfRange(row * length, (row + 1) * length))
    return scaler.result
}
