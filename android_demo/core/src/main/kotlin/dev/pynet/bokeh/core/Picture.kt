package dev.pynet.bokeh.core

/** Pixels (height, width, channels), interleaved, 0..1 unless said otherwise. */
class Picture(val height: Int, val width: Int, val channels: Int, val values: FloatArray) {
    init {
        require(values.size == height * width * channels) { "$height x $width x $channels is not ${values.size}" }
    }

    constructor(height: Int, width: Int, channels: Int) :
        this(height, width, channels, FloatArray(height * width * channels))

    operator fun get(row: Int, column: Int, channel: Int): Float = values[(row * width + column) * channels + channel]
}

/** A picture whose pixel (row, column) is that of `this` at the place that `source` names. */
private inline fun Picture.rearranged(height: Int, width: Int, source: (Int, Int) -> Int): Picture {
    val result = Picture(height, width, channels)
    for (row in 0 until height) {
        for (column in 0 until width) {
            System.arraycopy(values, source(row, column) * channels, result.values, (row * width + column) * channels, channels)
        }
    }
    return result
}

/** Turned by 90 degrees against the clock. */
fun Picture.turned(): Picture = rearranged(width, height) { row, column -> column * width + (width - 1 - row) }

/** Turned by 90 degrees with the clock: undoes [turned]. */
fun Picture.turnedBack(): Picture = rearranged(width, height) { row, column -> (height - 1 - column) * width + row }

/** The upper left part. */
fun Picture.cropped(height: Int, width: Int): Picture {
    if (height == this.height && width == this.width) return this
    return rearranged(height, width) { row, column -> row * this.width + column }
}

/** Grown to a size at the bottom and right by reflection, which does not repeat the border itself. */
fun Picture.padded(height: Int, width: Int): Picture {
    if (height == this.height && width == this.width) return this
    return rearranged(height, width) { row, column ->
        reflected(row, this.height) * this.width + reflected(column, this.width)
    }
}

/** The place in 0 until `size` that a place beyond it mirrors, to and fro as often as it takes. */
fun reflected(place: Int, size: Int): Int {
    if (size == 1) return 0
    val period = 2 * (size - 1)
    val within = place % period
    return if (within < size) within else period - within
}

/** Half the size: each pixel is the mean of 2x2; an odd last row or column is left out. */
fun Picture.halved(): Picture {
    val result = Picture(height / 2, width / 2, channels)
    for (row in 0 until result.height) {
        for (column in 0 until result.width) {
            for (channel in 0 until channels) {
                val upper = get(2 * row, 2 * column, channel) + get(2 * row, 2 * column + 1, channel)
                val lower = get(2 * row + 1, 2 * column, channel) + get(2 * row + 1, 2 * column + 1, channel)
                result.values[(row * result.width + column) * channels + channel] = (upper + lower) / 4
            }
        }
    }
    return result
}

/** The channels of both, side by side. */
fun Picture.with(more: Picture): Picture {
    require(height == more.height && width == more.width) { "pictures of two sizes" }
    val result = Picture(height, width, channels + more.channels)
    for (pixel in 0 until height * width) {
        System.arraycopy(values, pixel * channels, result.values, pixel * result.channels, channels)
        System.arraycopy(more.values, pixel * more.channels, result.values, pixel * result.channels + channels, more.channels)
    }
    return result
}

/** The first channels. */
fun Picture.first(count: Int): Picture {
    if (count == channels) return this
    val result = Picture(height, width, count)
    for (pixel in 0 until height * width) {
        System.arraycopy(values, pixel * channels, result.values, pixel * count, count)
    }
    return result
}

/** Clips to 0..1, in place. */
fun Picture.clip(): Picture {
    for (place in values.indices) values[place] = values[place].coerceIn(0f, 1f)
    return this
}
