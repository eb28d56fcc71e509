package dev.pynet.bokeh.core

/** Height and width in pixels. */
data class Size(val height: Int, val width: Int) {
    override fun toString(): String = "${height}x$width"
}

/**
 * How a photo is brought to the size at which a network renders: scaled, then turned by 90 degrees if that fits better,
 * then padded at the bottom and right.
 */
data class Fit(val scaled: Size, val turned: Boolean, val padded: Size) {
    /** What of the network's picture is the photo. */
    val seen: Size get() = if (turned) Size(scaled.width, scaled.height) else scaled
}

/** The largest way, never larger than the photo, to show a photo to a network that renders at `rendered`. */
fun fitPhoto(photo: Size, rendered: Size): Fit {
    val upright = scale(photo.height, photo.width, rendered)
    val lying = scale(photo.width, photo.height, rendered)
    val best = maxOf(upright, lying)
    val scaled = Size(maxOf(1, rounded(photo.height * best)), maxOf(1, rounded(photo.width * best)))
    return Fit(scaled, lying > upright, rendered)
}

private fun scale(height: Int, width: Int, rendered: Size): Double =
    minOf(1.0, rendered.height.toDouble() / height, rendered.width.toDouble() / width)

private fun rounded(value: Double): Int = Math.rint(value).toInt()

/** Turned and padded to what the network takes. */
fun Picture.fitted(fit: Fit): Picture {
    val seen = if (fit.turned) turned() else this
    return seen.padded(fit.padded.height, fit.padded.width)
}

/** Cropped and turned back. */
fun Picture.unfitted(fit: Fit): Picture {
    val seen = cropped(fit.seen.height, fit.seen.width)
    return if (fit.turned) seen.turnedBack() else seen
}
