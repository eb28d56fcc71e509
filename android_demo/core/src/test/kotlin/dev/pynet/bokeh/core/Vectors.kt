package dev.pynet.bokeh.core

import org.json.JSONObject
import java.util.zip.ZipInputStream

/** What the Python side computed: `python -m tests.android_demo.vectors` writes it. */
object Vectors {
    private val entries: Map<String, ByteArray> = buildMap {
        ZipInputStream(checkNotNull(Vectors::class.java.getResourceAsStream("/vectors.zip"))).use { zip ->
            generateSequence { zip.nextEntry }.forEach { put(it.name, zip.readBytes()) }
        }
    }

    val fits: String get() = text("fits.json")
    private val facts = JSONObject(text("cases.json"))
    val cases: List<Case> = facts.keySet().sorted().map { Case(it, facts.getJSONObject(it)) }

    fun text(name: String): String = String(entries.getValue(name), Charsets.UTF_8)

    fun array(name: String): Npy = Npy.read(entries.getValue(name), name)

    /** One photo's way. */
    class Case(private val name: String, facts: JSONObject) {
        val input = port(facts.getJSONObject("input"))
        val output = port(facts.getJSONObject("output"))
        val focus: Pair<Double, Double>? =
            facts.optJSONArray("focus")?.let { it.getDouble(0) to it.getDouble(1) }
        val photo: Npy get() = array("$name/photo.npy")
        val picture: Npy get() = array("$name/picture.npy")

        /** A stored tensor's numbers; bytes as they are stored, 0 to 255. */
        fun tensor(kind: String): FloatArray = array("$name/$kind.npy").values()

        override fun toString(): String = name
    }

    private fun port(facts: JSONObject): Port {
        val shape = facts.getJSONArray("shape")
        return Port(
            facts.getString("name"), shape.getInt(1), shape.getInt(2), shape.getInt(3),
            NumberType.values().first { it.label == facts.getString("type") },
            facts.getJSONArray("scale").optDouble(0, 1.0).toFloat(), facts.getJSONArray("zero_point").optInt(0),
        )
    }
}
