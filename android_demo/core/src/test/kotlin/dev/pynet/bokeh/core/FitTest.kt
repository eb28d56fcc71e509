package dev.pynet.bokeh.core

import org.json.JSONArray
import org.junit.Assert.assertEquals
import org.junit.Test

class FitTest {
    @Test
    fun `photos are fitted as Python fits them`() {
        val table = JSONArray(Vectors.fits)
        for (number in 0 until table.length()) {
            val row = table.getJSONObject(number)
            val fit = fitPhoto(size(row.getJSONArray("photo")), size(row.getJSONArray("rendered")))
            assertEquals(row.toString(), size(row.getJSONArray("scaled")), fit.scaled)
            assertEquals(row.toString(), row.getBoolean("turned"), fit.turned)
        }
    }

    @Test
    fun `turning, padding and back gives the same`() {
        val picture = Picture(3, 5, 2, FloatArray(30) { it.toFloat() })
        for (turned in listOf(false, true)) {
            val fit = Fit(Size(3, 5), turned, Size(16, 12))
            assertEquals(picture.values.toList(), picture.fitted(fit).unfitted(fit).values.toList())
        }
    }

    private fun size(pair: JSONArray) = Size(pair.getInt(0), pair.getInt(1))
}
