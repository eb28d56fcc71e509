package dev.pynet.bokeh.core

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** An array as numpy writes it: `uint8` or `float32`, in C order (NEP 1, version 1). */
class Npy private constructor(val shape: List<Int>, private val bytes: ByteBuffer, private val floats: Boolean) {
    /** The values; bytes count from 0 to 255. */
    fun values(): FloatArray = FloatArray(shape.fold(1, Int::times)) {
        if (floats) bytes.getFloat(4 * it) else (bytes.get(it).toInt() and 0xff).toFloat()
    }

    /** The array (height, width, channels) as a picture; bytes become 0..1. */
    fun picture(): Picture {
        val values = values()
        if (!floats) for (place in values.indices) values[place] /= 255f
        return Picture(shape[0], shape[1], shape[2], values)
    }

    companion object {
        private const val MAGIC = 10
        private val SHAPE = Regex("'shape': \\(([0-9, ]*)\\)")

        /**
         * Reads the content of an .npy file.
         *
         * @throws Refused it is something else
         */
        fun read(content: ByteArray, name: String): Npy {
            val broken = Refused("$name is not an array of bytes or floats.", "Convert the model again.")
            if (content.size < MAGIC || content[1] != 'N'.code.toByte()) throw broken
            val begin = MAGIC + (content[8].toInt() and 0xff) + 256 * (content[9].toInt() and 0xff)
            if (content.size < begin) throw broken
            val header = String(content, MAGIC, begin - MAGIC, Charsets.US_ASCII)
            val shape = SHAPE.find(header)?.groupValues?.get(1).orEmpty().split(",").mapNotNull { it.trim().toIntOrNull() }
            val floats = header.contains("'<f4'")
            val size = shape.fold(1, Int::times) * if (floats) 4 else 1
            val known = floats || header.contains("'|u1'")
            if (!known || header.contains("'fortran_order': True") || content.size - begin != size) throw broken
            val bytes = ByteBuffer.wrap(content, begin, size).slice().order(ByteOrder.LITTLE_ENDIAN)
            return Npy(shape, bytes, floats)
        }
    }
}
