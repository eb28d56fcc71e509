package dev.pynet.bokeh.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertNull
import org.junit.Test
import java.util.Base64

class EmbeddedDepthTest {
    private val map = ByteArray(500) { (it * 3).toByte() }

    @Test
    fun `GDepth in extended XMP`() {
        val main = "<rdf:Description GDepth:Format=\"RangeInverse\" xmpNote:HasExtendedXMP=\"0123\"/>"
        val more = "<rdf:Description GDepth:Data=\"${Base64.getEncoder().encodeToString(map)}\"/>"
        val head = ByteArray(40) { 'A'.code.toByte() }
        val photo = jpeg(segment(XMP, main.toByteArray()), segment(EXTENSION, head + more.toByteArray()))
        assertArrayEquals(map, depthInside(photo))
    }

    @Test
    fun `Dynamic Depth behind the photo`() {
        val directory = """
            <Container:Item Item:Mime="image/jpeg" Item:Semantic="Primary"/>
            <Container:Item Item:Mime="image/jpeg" Item:Semantic="Depth" Item:Length="500"/>
            <Container:Item Item:Mime="video/mp4" Item:Semantic="MotionPhoto" Item:Length="100" Item:Padding="8"/>"""
        val photo = jpeg(segment(XMP, directory.toByteArray())) + map + ByteArray(108)
        assertArrayEquals(map, depthInside(photo))
    }

    @Test
    fun `photos without depth, and damaged ones`() {
        assertNull(depthInside(jpeg()))
        assertNull(depthInside(ByteArray(0)))
        val lying = "<Container:Item Item:Semantic=\"Depth\" Item:Length=\"99999\"/>"
        assertNull(depthInside(jpeg(segment(XMP, lying.toByteArray()))))
        assertNull(depthInside(jpeg(segment(XMP, "GDepth:Data=\"A\"".toByteArray()))))
        val cut = jpeg(segment(XMP, ByteArray(300))).copyOf(50)
        assertNull(depthInside(cut))
    }

    private fun segment(kind: String, content: ByteArray): ByteArray {
        val body = kind.toByteArray(Charsets.ISO_8859_1) + content
        val length = body.size + 2
        return byteArrayOf(0xff.toByte(), 0xe1.toByte(), (length shr 8).toByte(), length.toByte()) + body
    }

    private fun jpeg(vararg segments: ByteArray): ByteArray {
        val start = segments.fold(byteArrayOf(0xff.toByte(), 0xd8.toByte())) { all, one -> all + one }
        return start + byteArrayOf(0xff.toByte(), 0xda.toByte(), 0, 2) + ByteArray(64) + byteArrayOf(0xff.toByte(), 0xd9.toByte())
    }

    private companion object {
        const val XMP = "http://ns.adobe.com/xap/1.0/\u0000"
        const val EXTENSION = "http://ns.adobe.com/xmp/extension/\u0000"
    }
}
