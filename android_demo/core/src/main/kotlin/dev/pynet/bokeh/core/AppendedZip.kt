package dev.pynet.bokeh.core

import java.io.ByteArrayOutputStream
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.zip.ZipInputStream

private const val END = 0x06054b50 // "PK\5\6", the end of the central directory (APPNOTE 4.3.16)
private const val END_SIZE = 22
private const val LONGEST_COMMENT = 65535
private const val LARGEST_ENTRY = 16 shl 20

/**
 * A file and the zip that is appended to it.
 *
 * @property content the bytes before the zip
 */
class AppendedZip private constructor(val content: ByteBuffer, private val entries: Map<String, ByteArray>) {
    operator fun get(name: String): ByteArray? = entries[name]

    companion object {
        /** Takes a file apart; null if nothing is appended to it, or what is appended is damaged. */
        fun read(file: ByteBuffer): AppendedZip? {
            val bytes = file.duplicate().order(ByteOrder.LITTLE_ENDIAN)
            val end = endOf(bytes) ?: return null
            val directory = bytes.getInt(end + 12).toLong() and 0xffffffffL
            val offset = bytes.getInt(end + 16).toLong() and 0xffffffffL
            val begin = end - directory - offset
            if (begin < 0) return null
            bytes.position(begin.toInt())
            val entries = entriesOf(bytes.slice()) ?: return null
            val content = file.duplicate()
            content.position(0).limit(begin.toInt())
            return AppendedZip(content.slice(), entries)
        }

        private fun endOf(bytes: ByteBuffer): Int? {
            val last = bytes.limit() - END_SIZE
            val first = maxOf(0, last - LONGEST_COMMENT)
            return (last downTo first).firstOrNull { bytes.getInt(it) == END }
        }

        private fun entriesOf(bytes: ByteBuffer): Map<String, ByteArray>? = try {
            val entries = LinkedHashMap<String, ByteArray>()
            ZipInputStream(BufferStream(bytes)).use { zip ->
                generateSequence { zip.nextEntry }.forEach { entries[it.name] = bounded(zip) }
            }
            entries.takeIf { it.isNotEmpty() }
        } catch (_: java.io.IOException) {
            null
        }

        private fun bounded(stream: InputStream): ByteArray {
            val result = ByteArrayOutputStream()
            val block = ByteArray(1 shl 16)
            while (true) {
                val count = stream.read(block)
                if (count < 0) return result.toByteArray()
                result.write(block, 0, count)
                if (result.size() > LARGEST_ENTRY) throw java.io.IOException("an entry is larger than $LARGEST_ENTRY bytes")
            }
        }
    }
}

private class BufferStream(private val bytes: ByteBuffer) : InputStream() {
    override fun read(): Int = if (bytes.hasRemaining()) bytes.get().toInt() and 0xff else -1

    override fun read(target: ByteArray, offset: Int, length: Int): Int {
        if (!bytes.hasRemaining()) return -1
        val count = minOf(length, bytes.remaining())
        bytes.get(target, offset, count)
        return count
    }
}
