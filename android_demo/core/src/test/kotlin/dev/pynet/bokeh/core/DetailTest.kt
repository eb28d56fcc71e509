package dev.pynet.bokeh.core

import org.junit.Assert.assertNull
import org.junit.Test
import java.lang.ref.WeakReference

class DetailTest {
    @Test
    fun `a thread that has restored a photo keeps nothing of it`() {
        val restorer = restored()
        for (attempt in 1..50) {
            if (restorer.get() == null) break
            System.gc()
            Thread.sleep(20)
        }
        assertNull(restorer.get())
    }

    private fun restored(): WeakReference<DetailRestorer> {
        val picture = Picture(64, 64, 3)
        val restorer = DetailRestorer(picture, picture, Size(128, 128))
        restorer.restore(0, FloatArray(3 * 128))
        return WeakReference(restorer)
    }
}
