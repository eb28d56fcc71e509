package dev.pynet.bokeh.core

import java.util.Base64

private const val APP1 = 0xe1
private const val START_OF_SCAN = 0xda
private val XMP = "http://ns.adobe.com/xap/1.0/\u0000".toByteArray(Charsets.ISO_8859_1)
private val EXTENSION = "http://ns.adobe.com/xmp/extension/\u0000".toByteArray(Charsets.ISO_8859_1)
private const val EXTENSION_HEAD = 32 + 4 + 4 // the extension's hash, its length and this part's place in it

/**
 * The picture of a depth map inside a JPEG, as a file of its own; dark is near. It is looked for as GDepth
 * (`GDepth:Data`, base64 in XMP) and as Dynamic Depth (a file behind the photo, listed in `Container:Directory`).
 */
fun depthInside(jpeg: ByteArray): ByteArray? {
    val xmp = xmpOf(jpeg)
    return gDepth(xmp) ?: dynamicDepth(xmp, jpeg)
}

private fun gDepth(xmp: String): ByteArray? {
    val data = Regex("GDepth:Data(?:=\"|>)([A-Za-z0-9+/=\\s]+)").find(xmp)?.groupValues?.get(1) ?: return null
    return try {
        Base64.getMimeDecoder().decode(data)
    } catch (_: IllegalArgumentException) {
        null
    }
}

private fun dynamicDepth(xmp: String, jpeg: ByteArray): ByteArray? {
    var end = jpeg.size
    for (item in Regex("<[A-Za-z]*:?Item\\b[^>]*Item:Semantic[^>]*>").findAll(xmp).toList().reversed()) {
        val length = attribute(item.value, "Length")?.toIntOrNull() ?: 0
        val semantic = attribute(item.value, "Semantic") ?: continue
        if (semantic == "Primary" || length <= 0 || length > end) return null
        if (semantic.startsWith("Depth")) return jpeg.copyOfRange(end - length, end)
        end -= length + (attribute(item.value, "Padding")?.toIntOrNull() ?: 0)
    }
    return null
}

private fun attribute(item: String, name: String): String? = Regex("Item:$name=\"([^\"]*)\"").find(item)?.groupValues?.get(1)

/** The XMP of a JPEG with its extension (XMP specification, part 3, 1.1.3). */
private fun xmpOf(jpeg: ByteArray): String {
    val text = StringBuilder()
    for ((begin, end) in segments(jpeg)) {
        if (startsWith(jpeg, begin, XMP)) text.append(String(jpeg, begin + XMP.size, end - begin - XMP.size, Charsets.UTF_8))
        val inside = begin + EXTENSION.size + EXTENSION_HEAD
        if (startsWith(jpeg, begin, EXTENSION) && inside <= end) text.append(String(jpeg, inside, end - inside, Charsets.UTF_8))
    }
    return text.toString()
}

/** Begin and end of the content of each APP1 segment. */
private fun segments(jpeg: ByteArray): List<Pair<Int, Int>> {
    val found = mutableListOf<Pair<Int, Int>>()
    var place = 2
    while (place + 4 <= jpeg.size && jpeg[place] == 0xff.toByte()) {
        val marker = jpeg[place + 1].toInt() and 0xff
        val length = (jpeg[place + 2].toInt() and 0xff shl 8) or (jpeg[place + 3].toInt() and 0xff)
        if (marker == START_OF_SCAN || length < 2 || place + 2 + length > jpeg.size) break
        if (marker == APP1) found += place + 4 to place + 2 + length
        place += 2 + length
    }
    return found
}

private fun startsWith(bytes: ByteArray, place: Int, start: ByteArray): Boolean =
    place + start.size <= bytes.size && start.indices.all { bytes[place + it] == start[it] }
