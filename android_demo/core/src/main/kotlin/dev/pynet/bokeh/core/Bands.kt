package dev.pynet.bokeh.core

private const val BAND_PIXELS = 1 shl 19

/** A photo at a smaller size, and whether it has no colours. */
class Shrunk(val picture: Picture, val grey: Boolean)

/** Reads a photo once, a band of rows at a time, and scales it. */
fun shrink(photo: PhotoRows, target: Size, watch: Watch): Shrunk {
    val size = photo.size
    val scaler = RowScaler(size.height, size.width, target.height, target.width, 3, Filter.BICUBIC)
    val line = FloatArray(3 * size.width)
    var grey = true
    forBands(size) { top, count, rgba ->
        watch.at(Stage.READING, top.toDouble() / size.height)
        if (watch.cancelled) throw Cancelled()
        photo.read(top, count, rgba)
        for (row in 0 until count) {
            toFloats(rgba, row, line)
            grey = grey && isGrey(line)
            scaler.add(line)
        }
    }
    return Shrunk(scaler.result.clip(), grey)
}

/** Rewrites a photo row by row; a grey one stays grey. */
fun rewrite(photo: PhotoRows, grey: Boolean, watch: Watch, change: (Int, FloatArray) -> Unit) {
    val size = photo.size
    forBands(size) { top, count, rgba ->
        watch.at(Stage.FINISHING, top.toDouble() / size.height)
        if (watch.cancelled) throw Cancelled()
        photo.read(top, count, rgba)
        inParallel(count) { row ->
            val line = FloatArray(3 * size.width)
            toFloats(rgba, row, line)
            change(top + row, line)
            if (grey) makeGrey(line)
            toBytes(line, rgba, row)
        }
        photo.write(top, count, rgba)
    }
    watch.at(Stage.FINISHING, 1.0)
}

private inline fun forBands(size: Size, work: (Int, Int, ByteArray) -> Unit) {
    val rows = (BAND_PIXELS / size.width).coerceIn(1, size.height)
    val rgba = ByteArray(4 * rows * size.width)
    for (top in 0 until size.height step rows) work(top, minOf(rows, size.height - top), rgba)
}

private fun toFloats(rgba: ByteArray, row: Int, line: FloatArray) {
    var source = row * line.size / 3 * 4
    for (place in line.indices step 3) {
        line[place] = (rgba[source].toInt() and 0xff) / 255f
        line[place + 1] = (rgba[source + 1].toInt() and 0xff) / 255f
        line[place + 2] = (rgba[source + 2].toInt() and 0xff) / 255f
        source += 4
    }
}

private fun toBytes(line: FloatArray, rgba: ByteArray, row: Int) {
    var target = row * line.size / 3 * 4
    for (place in line.indices step 3) {
        for (channel in 0..2) rgba[target + channel] = Math.rint((line[place + channel].coerceIn(0f, 1f) * 255f).toDouble()).toInt().toByte()
        rgba[target + 3] = -1
        target += 4
    }
}

private fun isGrey(line: FloatArray): Boolean =
    (line.indices step 3).all { line[it] == line[it + 1] && line[it] == line[it + 2] }

private fun makeGrey(line: FloatArray) {
    for (place in line.indices step 3) {
        val mean = (line[place] + line[place + 1] + line[place + 2]) / 3
        line.fill(mean, place, place + 3)
    }
}
