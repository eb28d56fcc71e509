package dev.pynet.bokeh.core

/** A photo in memory. */
class ArrayPhoto(override val size: Size, val rgba: ByteArray) : PhotoRows {
    override fun read(top: Int, count: Int, rgba: ByteArray) {
        System.arraycopy(this.rgba, 4 * top * size.width, rgba, 0, 4 * count * size.width)
    }

    override fun write(top: Int, count: Int, rgba: ByteArray) {
        System.arraycopy(rgba, 0, this.rgba, 4 * top * size.width, 4 * count * size.width)
    }

    /** Red, green and blue, 0..255. */
    fun colours(): IntArray = IntArray(rgba.size / 4 * 3) { rgba[it / 3 * 4 + it % 3].toInt() and 0xff }

    companion object {
        /** From (H, W, 3), 0..255. */
        fun of(pixels: Npy): ArrayPhoto {
            val values = pixels.values()
            val rgba = ByteArray(values.size / 3 * 4) { if (it % 4 == 3) -1 else values[it / 4 * 3 + it % 4].toInt().toByte() }
            return ArrayPhoto(Size(pixels.shape[0], pixels.shape[1]), rgba)
        }
    }
}

/** A watch that only notes. */
class Notes(private val stopAt: Stage? = null) : Watch {
    val stages = mutableListOf<Stage>()
    override fun at(stage: Stage, share: Double) {
        if (stages.lastOrNull() != stage) stages += stage
    }

    override val cancelled: Boolean get() = stopAt != null && stopAt in stages
}
