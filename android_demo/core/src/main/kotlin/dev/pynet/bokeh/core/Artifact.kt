package dev.pynet.bokeh.core

import org.json.JSONArray
import org.json.JSONException
import org.json.JSONObject
import java.nio.ByteBuffer
import java.security.MessageDigest

/**
 * A .tflite file of `python -m convert.tflite` and what it says of itself (docs/artifact.md).
 *
 * @property content the network, for the runtime
 * @property takesDepth whether the input's fourth channel is a depth map
 * @property selfCheck an input and what must come out, or null in files that have none
 */
class Artifact private constructor(
    val content: ByteBuffer,
    val name: String,
    val recipe: String,
    val takesDepth: Boolean,
    val input: Port,
    val output: Port,
    val selfCheck: SelfCheck?,
) {
    /** The photo that comes out. */
    val size: Size get() = Size(output.height, output.width)

    companion object {
        private const val SCHEMA = "pynet-artifact/1"
        private const val MULTIPLE = 32
        private const val CONVERT = "Make one with python -m convert.tflite."

        /**
         * Reads an artifact.
         *
         * @param file its bytes, memory-mapped
         * @param label what to call it in messages
         * @throws Refused it is not one of ours, damaged, or of a kind that this app does not run
         */
        fun read(file: ByteBuffer, label: String): Artifact {
            val zip = AppendedZip.read(file) ?: throw Refused("$label has no facts about itself inside.", CONVERT)
            val facts = zip["metadata.json"] ?: throw Refused("$label lacks metadata.json.", CONVERT)
            return try {
                parse(JSONObject(String(facts, Charsets.UTF_8)), zip, label)
            } catch (error: JSONException) {
                throw Refused("The facts inside $label cannot be read: ${error.message}.", "Convert the model again.")
            }
        }

        private fun parse(facts: JSONObject, zip: AppendedZip, label: String): Artifact {
            val schema = facts.getString("schema_id")
            if (schema != SCHEMA) throw Refused("$label has facts of the form $schema; $SCHEMA is read.", "Convert the model again.")
            if (sha256(zip.content) != facts.getString("content_sha256")) {
                throw Refused("$label is damaged: its content does not have the hash that it names.", "Copy it again.")
            }
            val takesDepth = facts.getJSONObject("model").getString("inputs") == "rgbd"
            val input = port(facts.getJSONObject("input"), label)
            val output = port(facts.getJSONObject("output"), label)
            checkShapes(input, output, takesDepth, label)
            return Artifact(
                zip.content,
                facts.getString("name"),
                facts.getJSONObject("recipe").getString("name"),
                takesDepth,
                input,
                output,
                SelfCheck.read(zip, input, output),
            )
        }

        private fun port(facts: JSONObject, label: String): Port {
            val shape = facts.getJSONArray("shape").ints()
            val type = NumberType.values().firstOrNull { it.label == facts.getString("type") }
                ?: throw Refused("$label has numbers of type ${facts.getString("type")}.", "float32, uint8, int8 and int16 are run.")
            val scale = facts.getJSONArray("scale")
            val zeroPoint = facts.getJSONArray("zero_point")
            val whole = type == NumberType.FLOAT32
            if (shape.size != 4 || shape[0] != 1 || (!whole && (scale.length() != 1 || zeroPoint.length() != 1))) {
                throw Refused("$label has an input or output of the shape $shape.", "One photo at a time is run. $CONVERT")
            }
            return Port(
                facts.getString("name"), shape[1], shape[2], shape[3], type,
                if (whole) 1f else scale.getDouble(0).toFloat(), if (whole) 0 else zeroPoint.getInt(0),
            )
        }

        private fun checkShapes(input: Port, output: Port, takesDepth: Boolean, label: String) {
            val fits = output.height == 2 * input.height && output.width == 2 * input.width && output.channels == 3 &&
                input.channels == (if (takesDepth) 4 else 3) && input.height % MULTIPLE == 0 && input.width % MULTIPLE == 0
            if (!fits) {
                throw Refused(
                    "$label takes ${input.height}x${input.width}x${input.channels} and gives " +
                        "${output.height}x${output.width}x${output.channels}; a PyNET doubles the size and gives 3 channels.",
                    CONVERT,
                )
            }
        }

        private fun sha256(content: ByteBuffer): String {
            val digest = MessageDigest.getInstance("SHA-256")
            digest.update(content.duplicate())
            return digest.digest().joinToString("") { "%02x".format(it) }
        }
    }
}

private fun JSONArray.ints(): List<Int> = (0 until length()).map { getInt(it) }
