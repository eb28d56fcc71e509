package dev.pynet.bokeh.core

import org.junit.Assert.assertEquals
import org.junit.Test

class StatisticsTest {
    @Test
    fun `the median and the 90th percentile lie between neighbours`() {
        val times = listOf(5.0, 1.0, 4.0, 2.0)
        assertEquals(3.0, quantile(times, 0.5), 1e-12)
        assertEquals(4.7, quantile(times, 0.9), 1e-12)
    }
}
