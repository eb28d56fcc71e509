package dev.pynet.bokeh.core

import kotlin.math.log10

/**
 * A picture and what the artifact must make of it: tells whether an accelerator computes right.
 *
 * @property input the network's input
 * @property expected every [STEP]th pixel of its output, both ways
 */
class SelfCheck private constructor(val input: Picture, val expected: Picture) {
    /** PSNR in dB of an output against the expected one, both at 8 bits. */
    fun likeness(output: Picture): Double {
        var sum = 0.0
        for (row in 0 until expected.height) {
            for (column in 0 until expected.width) {
                for (channel in 0 until expected.channels) {
                    val value = output[row * STEP, column * STEP, channel]
                    if (value.isNaN()) return 0.0
                    val difference = value.coerceIn(0f, 1f) - expected[row, column, channel]
                    sum += difference.toDouble() * difference
                }
            }
        }
        return minOf(BEST, -10 * log10(maxOf(sum / expected.values.size, 1e-15)))
    }

    companion object {
        /** Below this an accelerator is switched off, in dB. */
        const val ENOUGH = 35.0
        private const val STEP = 8
        private const val BEST = 150.0

        /** The check in a file, or null if it has none; the stored tile is repeated by reflection. */
        fun read(zip: AppendedZip, input: Port, output: Port): SelfCheck? {
            val tile = zip["self-check/photo.npy"]?.let { Npy.read(it, "self-check/photo.npy").picture() } ?: return null
            val expected = zip["self-check/bokeh.npy"]?.let { Npy.read(it, "self-check/bokeh.npy").picture() } ?: return null
            val fits = tile.channels == input.channels && expected.channels == output.channels &&
                expected.height == (output.height + STEP - 1) / STEP && expected.width == (output.width + STEP - 1) / STEP
            if (!fits) throw Refused("The self-check inside the model does not fit it.", "Convert the model again.")
            return SelfCheck(tile.padded(input.height, input.width), expected)
        }
    }
}
