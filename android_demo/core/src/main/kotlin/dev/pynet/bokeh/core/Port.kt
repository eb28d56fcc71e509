package dev.pynet.bokeh.core

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** The number types of an artifact's input and output. */
enum class NumberType(val label: String, val bytes: Int, val least: Int, val most: Int) {
    FLOAT32("float32", 4, 0, 0),
    UINT8("uint8", 1, 0, 255),
    INT8("int8", 1, -128, 127),
    INT16("int16", 2, -32768, 32767),
}

/**
 * An input or output of an artifact, (1, height, width, channels).
 *
 * @property scale a stored integer stands for `(stored - zeroPoint) * scale`; of no meaning for floats
 */
data class Port(
    val name: String,
    val height: Int,
    val width: Int,
    val channels: Int,
    val type: NumberType,
    val scale: Float,
    val zeroPoint: Int,
) {
    /** A buffer that holds the tensor, as the runtime wants it. */
    fun buffer(): ByteBuffer =
        ByteBuffer.allocateDirect(height * width * channels * type.bytes).order(ByteOrder.nativeOrder())

    /** The picture in the artifact's own numbers. */
    fun encode(picture: Picture, target: ByteBuffer) {
        require(picture.height == height && picture.width == width && picture.channels == channels) { "another size" }
        target.rewind()
        for (value in picture.values) {
            when (type) {
                NumberType.FLOAT32 -> target.putFloat(value)
                NumberType.INT16 -> target.putShort(stored(value).toShort())
                NumberType.UINT8, NumberType.INT8 -> target.put(stored(value).toByte())
            }
        }
        target.rewind()
    }

    /** The picture that the artifact's numbers stand for. */
    fun decode(source: ByteBuffer): Picture {
        source.rewind()
        val values = FloatArray(height * width * channels) {
            when (type) {
                NumberType.FLOAT32 -> source.getFloat()
                NumberType.INT16 -> real(source.getShort().toInt())
                NumberType.UINT8 -> real(source.get().toInt() and 0xff)
                NumberType.INT8 -> real(source.get().toInt())
            }
        }
        return Picture(height, width, channels, values)
    }

    private fun stored(value: Float): Int =
        (Math.rint((value / scale).toDouble()).toInt() + zeroPoint).coerceIn(type.least, type.most)

    private fun real(stored: Int): Float = (stored - zeroPoint).toFloat() * scale
}
