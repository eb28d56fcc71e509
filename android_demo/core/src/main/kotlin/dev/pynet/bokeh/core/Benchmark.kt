package dev.pynet.bokeh.core

import org.json.JSONArray
import org.json.JSONObject
import java.nio.ByteBuffer

/** How long runs of a network took, in milliseconds. */
class Measurement(val model: String, val accelerator: String, val likeness: Double?, val runs: List<Double>) {
    val median: Double get() = quantile(runs, 0.5)
    val ninth: Double get() = quantile(runs, 0.9)

    fun toJson(): JSONObject = JSONObject()
        .put("model", model)
        .put("accelerator", accelerator)
        .put("likeness_db", likeness ?: JSONObject.NULL)
        .put("median_ms", median)
        .put("p90_ms", ninth)
        .put("runs_ms", JSONArray(runs))
}

/**
 * Runs a network some times without and then with a clock.
 *
 * @param watch is told the number of each run before it begins, 0 without the clock
 */
fun measure(
    model: String, accelerator: String, likeness: Double?, network: Network, input: ByteBuffer, output: ByteBuffer,
    warmUps: Int, runs: Int, watch: (Int) -> Unit,
): Measurement {
    repeat(warmUps) {
        watch(0)
        network.run(input, output)
    }
    val times = (1..runs).map { number ->
        watch(number)
        val started = System.nanoTime()
        network.run(input, output)
        (System.nanoTime() - started) / 1e6
    }
    return Measurement(model, accelerator, likeness, times)
}
