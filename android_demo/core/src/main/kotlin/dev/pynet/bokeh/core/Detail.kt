package dev.pynet.bokeh.core

// As pynet_tf/detail.py, which says why; sigmas in pixels of the network's input.
private const val DETAIL_SIGMA = 2.0
private val WINDOWS = doubleArrayOf(48.0, 12.0, 3.0)
private const val NOISE = 3 * (2f / 255) * (2f / 255)
private const val BLURRED = 0.35f
private const val KEPT = 0.8f
private const val GUIDE_RADIUS = 4
private const val GUIDE_EPSILON = 1e-3f

/**
 * Brings the network's picture up to the photo's size with the photo's own detail where the network kept it:
 * `up(bokeh) + mask * (photo - up(seen))`. The mask follows the photo's edges by the fast guided filter (He and Sun,
 * arXiv 1505.00996).
 *
 * @param seen what the network was shown, at the size of its output, (h, w, 3)
 * @param bokeh its output, (h, w, 3)
 */
class DetailRestorer(seen: Picture, bokeh: Picture, private val size: Size) {
    private val base = Enlarged(bokeh, size.height, size.width)
    private val lost = Enlarged(seen, size.height, size.width)
    private val mask: Enlarged

    init {
        val coefficients = guidedCoefficients(keptDetail(seen, bokeh), luma(seen.halved()))
        mask = Enlarged(coefficients, size.height, size.width)
    }

    /** Lines that each thread works on; threads outlive the photo, so nothing here leads back to it. */
    private class Lines(scratch: Int, maskScratch: Int, width: Int) {
        val scratch = FloatArray(scratch)
        val maskScratch = FloatArray(maskScratch)
        val bokeh = FloatArray(3 * width)
        val seen = FloatArray(3 * width)
        val coefficients = FloatArray(2 * width)
    }

    private val lines: ThreadLocal<Lines> =
        ThreadLocal.withInitial { Lines(maxOf(base.scratch, lost.scratch), mask.scratch, size.width) }

    /** Rewrites row `row` of the photo, (width, 3), 0..1. */
    fun restore(row: Int, pixels: FloatArray) {
        val lines = checkNotNull(lines.get())
        base.row(row, lines.scratch, lines.bokeh)
        lost.row(row, lines.scratch, lines.seen)
        mask.row(row, lines.maskScratch, lines.coefficients)
        for (column in 0 until size.width) {
            val place = 3 * column
            val slope = lines.coefficients[2 * column]
            val share = (slope * luma(pixels, place) + lines.coefficients[2 * column + 1]).coerceIn(0f, 1f)
            for (channel in place until place + 3) {
                pixels[channel] = (lines.bokeh[channel] + share * (pixels[channel] - lines.seen[channel])).coerceIn(0f, 1f)
            }
        }
    }
}

/**
 * Where the network kept the detail that it saw, at half the size: 0 blurred, 1 kept. The slope of a regression of the
 * output's detail on the input's in Gaussian windows, each drawn towards the next larger one where it has little to go by.
 */
fun keptDetail(seen: Picture, bokeh: Picture): Picture {
    val given = detail(seen.halved())
    val rendered = detail(bokeh.halved())
    val covariance = summedProduct(given, rendered)
    val variance = summedProduct(given, given)
    val share = FloatArray(variance.values.size) { 1f }
    for (sigma in WINDOWS) {
        val common = covariance.blurred(sigma).values
        val own = variance.blurred(sigma).values
        for (place in share.indices) share[place] = (common[place] + NOISE * share[place]) / (own[place] + NOISE)
    }
    for (place in share.indices) {
        val ramp = ((share[place] - BLURRED) / (KEPT - BLURRED)).coerceIn(0f, 1f)
        share[place] = ramp * ramp * (3 - 2 * ramp)
    }
    return Picture(variance.height, variance.width, 1, share)
}

/** Slope and offset (h, w, 2) with which `slope * guide + offset` is the guided filter of the mask. */
private fun guidedCoefficients(mask: Picture, guide: Picture): Picture {
    val meanMask = mask.averaged(GUIDE_RADIUS).values
    val meanGuide = guide.averaged(GUIDE_RADIUS).values
    val meanSquare = summedProduct(guide, guide).averaged(GUIDE_RADIUS).values
    val meanProduct = summedProduct(mask, guide).averaged(GUIDE_RADIUS).values
    val result = Picture(mask.height, mask.width, 2)
    for (place in meanMask.indices) {
        val variance = meanSquare[place] - meanGuide[place] * meanGuide[place]
        val slope = (meanProduct[place] - meanMask[place] * meanGuide[place]) / (variance + GUIDE_EPSILON)
        result.values[2 * place] = slope
        result.values[2 * place + 1] = meanMask[place] - slope * meanGuide[place]
    }
    return result.averaged(GUIDE_RADIUS)
}

private fun detail(picture: Picture): Picture {
    val coarse = picture.blurred(DETAIL_SIGMA).values
    return Picture(picture.height, picture.width, picture.channels, FloatArray(coarse.size) { picture.values[it] - coarse[it] })
}

/** The product of both, summed over channels. */
private fun summedProduct(first: Picture, second: Picture): Picture {
    val result = Picture(first.height, first.width, 1)
    for (place in first.values.indices) {
        result.values[place / first.channels] += first.values[place] * second.values[place]
    }
    return result
}

private fun luma(pixels: FloatArray, place: Int): Float =
    0.299f * pixels[place] + 0.587f * pixels[place + 1] + 0.114f * pixels[place + 2]

private fun luma(picture: Picture): Picture =
    Picture(picture.height, picture.width, 1, FloatArray(picture.height * picture.width) { luma(picture.values, 3 * it) })
