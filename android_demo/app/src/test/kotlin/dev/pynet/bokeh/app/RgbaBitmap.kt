package dev.pynet.bokeh.app

import android.graphics.Bitmap
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements
import org.robolectric.annotation.RealObject
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowNativeBitmap
import org.robolectric.util.ReflectionHelpers.ClassParameter
import java.nio.Buffer
import java.nio.ByteBuffer

/**
 * Gives and takes pixels in the order that phones have in memory and `Bitmap.Config.ARGB_8888` promises: red first.
 * Robolectric's native graphics on a PC have blue first, and hand that out (robolectric#8372, #10700).
 */
@Implements(value = Bitmap::class, isInAndroidSdk = false, callNativeMethodsByDefault = true)
class RgbaBitmap : ShadowNativeBitmap() {
    @RealObject
    private lateinit var bitmap: Bitmap

    @Implementation
    fun copyPixelsToBuffer(target: Buffer) {
        val begin = target.position()
        directly("copyPixelsToBuffer", target)
        if (swaps()) swap(target as ByteBuffer, begin, target.position())
    }

    @Implementation
    fun copyPixelsFromBuffer(source: Buffer) {
        if (!swaps()) return directly("copyPixelsFromBuffer", source)
        val given = (source as ByteBuffer).duplicate()
        val swapped = ByteBuffer.allocate(given.remaining()).put(given)
        swapped.rewind()
        swap(swapped, 0, swapped.limit())
        directly("copyPixelsFromBuffer", swapped)
        source.position(source.position() + swapped.position())
    }

    private fun swaps() = bitmap.config == Bitmap.Config.ARGB_8888

    private fun directly(method: String, buffer: Buffer) {
        Shadow.directlyOn<Any?, Bitmap>(bitmap, Bitmap::class.java, method, ClassParameter.from(Buffer::class.java, buffer))
    }

    private fun swap(bytes: ByteBuffer, begin: Int, end: Int) {
        for (place in begin until end step 4) {
            val blue = bytes.get(place)
            bytes.put(place, bytes.get(place + 2))
            bytes.put(place + 2, blue)
        }
    }
}
