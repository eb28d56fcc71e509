package dev.pynet.bokeh.core

import org.json.JSONArray
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.security.MessageDigest
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream

class ArtifactTest {
    private val network = ByteArray(777) { (it * 7).toByte() }

    @Test
    fun `facts are read from inside of the file`() {
        val artifact = Artifact.read(file(facts()), "a.tflite")
        assertEquals("sample-128x192-int8", artifact.name)
        assertEquals(Size(128, 192), artifact.size)
        assertEquals(NumberType.UINT8, artifact.input.type)
        assertEquals(0.25f, artifact.input.scale)
        assertEquals(3, artifact.output.zeroPoint)
        assertEquals(777, artifact.content.remaining())
        assertNull(artifact.selfCheck)
    }

    @Test
    fun `what does not fit is refused with the reason`() {
        refused("of the form pynet-artifact/9", file(facts().put("schema_id", "pynet-artifact/9")))
        refused("does not have the hash", file(facts().put("content_sha256", "00")))
        refused("type float64", file(facts().apply { getJSONObject("input").put("type", "float64") }))
        refused("a PyNET doubles", file(facts().apply { getJSONObject("input").put("shape", JSONArray(listOf(1, 32, 96, 3))) }))
        refused("a PyNET doubles", file(facts().apply { getJSONObject("model").put("inputs", "rgbd") }))
        refused("of the shape", file(facts().apply { getJSONObject("output").put("shape", JSONArray(listOf(2, 128, 192, 3))) }))
        refused("cannot be read", file(facts().apply { remove("recipe") }))
        refused("no facts", ByteBuffer.wrap(network))
        refused("lacks metadata.json", ByteBuffer.wrap(network + zip(mapOf("other.txt" to "x".toByteArray()))))
    }

    @Test
    fun `a damaged zip at the end is not read`() {
        val whole = file(facts()).array()
        for (length in listOf(whole.size - 1, whole.size - 30, 800)) {
            assertThrows(Refused::class.java) { Artifact.read(ByteBuffer.wrap(whole.copyOf(length)), "a.tflite") }
        }
    }

    private fun refused(word: String, file: ByteBuffer) {
        val refused = assertThrows(Refused::class.java) { Artifact.read(file, "a.tflite") }
        assertTrue(refused.message, word in refused.message!! && refused.fix.isNotEmpty())
    }

    private fun facts(): JSONObject = JSONObject()
        .put("schema_id", "pynet-artifact/1")
        .put("name", "sample-128x192-int8")
        .put("content_sha256", MessageDigest.getInstance("SHA-256").digest(network).joinToString("") { "%02x".format(it) })
        .put("model", JSONObject().put("inputs", "rgb"))
        .put("recipe", JSONObject().put("name", "int8"))
        .put("input", port("photo", listOf(1, 64, 96, 3)))
        .put("output", port("bokeh", listOf(1, 128, 192, 3)))

    private fun port(name: String, shape: List<Int>) = JSONObject()
        .put("name", name)
        .put("shape", JSONArray(shape))
        .put("type", "uint8")
        .put("scale", JSONArray(listOf(0.25)))
        .put("zero_point", JSONArray(listOf(3)))

    private fun file(facts: JSONObject): ByteBuffer =
        ByteBuffer.wrap(network + zip(mapOf("metadata.json" to facts.toString().toByteArray())))

    private fun zip(entries: Map<String, ByteArray>): ByteArray {
        val bytes = ByteArrayOutputStream()
        ZipOutputStream(bytes).use { zip ->
            for ((name, content) in entries) {
                zip.putNextEntry(ZipEntry(name))
                zip.write(content)
            }
        }
        return bytes.toByteArray()
    }
}
