package dev.pynet.bokeh.core

import java.nio.ByteBuffer

/** What runs an artifact: its input tensor to its output tensor. */
fun interface Network {
    fun run(input: ByteBuffer, output: ByteBuffer)
}

/** A photo that can be read and rewritten a band of rows at a time: RGBA bytes, upright, opaque. */
interface PhotoRows {
    val size: Size

    fun read(top: Int, count: Int, rgba: ByteArray)

    fun write(top: Int, count: Int, rgba: ByteArray)
}

/** The steps of a rendering, in order. */
enum class Stage { READING, RENDERING, FINISHING }

/** Is told how far a rendering is, and says whether to stop. */
interface Watch {
    fun at(stage: Stage, share: Double)

    val cancelled: Boolean
}

/** What a rendering took, in milliseconds. */
data class Times(val before: Double, val network: Double, val after: Double)

/** Renders photos of any size through an artifact, as `python -m pynet_tf.render` does. */
class Renderer(private val input: Port, private val output: Port, private val network: Network) {
    private val given = input.buffer()
    private val made = output.buffer()
    private val takesDepth = input.channels == 4

    /**
     * Rewrites a photo with its background blurred.
     *
     * @param depth for an artifact that takes depth, a map (h, w, 1) of any size, near is 1
     * @throws Refused the photo is too small or large, the depth is missing, or what comes out are no numbers
     * @throws Cancelled the watch said so; the photo may be half rewritten
     */
    fun render(photo: PhotoRows, depth: Picture?, watch: Watch): Times {
        checkSize(photo.size)
        if (takesDepth && depth == null) {
            throw Refused("This model wants to know what is near.", "Tap on what is to stay sharp.")
        }
        val started = System.nanoTime()
        val fit = fitPhoto(photo.size, Size(output.height, output.width))
        val shrunk = shrink(photo, fit.scaled, watch)
        val tensor = tensor(shrunk.picture, depth.takeIf { takesDepth }, fit)
        input.encode(tensor, given)
        val ready = System.nanoTime()
        watch.at(Stage.RENDERING, 0.0)
        if (watch.cancelled) throw Cancelled()
        network.run(given, made)
        val rendered = System.nanoTime()
        finish(photo, fit, shrunk.grey, tensor.first(3), watch)
        return Times((ready - started) / 1e6, (rendered - ready) / 1e6, (System.nanoTime() - rendered) / 1e6)
    }

    private fun finish(photo: PhotoRows, fit: Fit, grey: Boolean, tensor: Picture, watch: Watch) {
        val whole = output.decode(made)
        if (!whole.values.all { it.isFinite() }) {
            throw Refused("The model gives values that are no numbers.", "Choose another model.")
        }
        val bokeh = whole.unfitted(fit)
        watch.at(Stage.FINISHING, 0.0)
        if (fit.scaled == photo.size) {
            val length = 3 * photo.size.width
            rewrite(photo, grey, watch) { row, pixels -> System.arraycopy(bokeh.values, row * length, pixels, 0, length) }
        } else {
            val seen = tensor.resized(fit.padded.height, fit.padded.width, Filter.BILINEAR).unfitted(fit)
            val restorer = DetailRestorer(seen, bokeh, photo.size)
            rewrite(photo, grey, watch, restorer::restore)
        }
    }

    companion object {
        private const val SHORTEST_SIDE = 64
        private const val LARGEST_PIXELS = 50L shl 20

        /** @throws Refused a side is shorter than 64 pixels, or there are more than 50 MP */
        fun checkSize(photo: Size) {
            if (minOf(photo.height, photo.width) < SHORTEST_SIDE) {
                throw Refused("The photo is $photo.", "Both sides must have at least $SHORTEST_SIDE pixels.")
            }
            if (photo.height.toLong() * photo.width > LARGEST_PIXELS) {
                throw Refused("The photo is $photo, more than 50 megapixels.", "Choose a smaller one.")
            }
        }

        /** The network's input: at half of the size at which it renders, with depth as a fourth channel if given. */
        fun tensor(scaled: Picture, depth: Picture?, fit: Fit): Picture {
            val half = scaled.fitted(fit).halved()
            if (depth == null) return half
            val fitted = depth.resized(fit.scaled.height, fit.scaled.width, Filter.BILINEAR).clip().fitted(fit)
            return half.with(fitted.resized(half.height, half.width, Filter.BILINEAR))
        }
    }
}
