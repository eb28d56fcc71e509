package dev.pynet.bokeh.app

import android.annotation.TargetApi
import android.app.Activity
import android.content.Intent
import android.os.Build
import android.os.Bundle
import android.os.PowerManager
import android.util.Log
import android.widget.Button
import android.widget.TextView
import dev.pynet.bokeh.R
import dev.pynet.bokeh.core.Artifact
import dev.pynet.bokeh.core.Cancelled
import dev.pynet.bokeh.core.Measurement
import dev.pynet.bokeh.core.Refused
import dev.pynet.bokeh.core.measure
import dev.pynet.bokeh.engine.Accelerator
import dev.pynet.bokeh.engine.Engine
import dev.pynet.bokeh.engine.Session
import org.json.JSONArray
import org.json.JSONObject
import java.io.File
import java.io.IOException

/**
 * Measures models on accelerators and writes what it finds as JSON, which a script can fetch:
 *
 *     adb shell am start -n dev.pynet.bokeh/.app.BenchmarkActivity --ei runs 20 --es model NAME --es accelerator CPU
 *     adb pull /sdcard/Android/data/dev.pynet.bokeh/files/benchmark.json
 */
class BenchmarkActivity : Activity() {
    private lateinit var engine: Engine
    private lateinit var models: Models
    private lateinit var report: TextView
    private lateinit var button: Button

    @Volatile
    private var session: Session? = null

    @Volatile
    private var closing = false

    /** Where the figures are once they are whole. */
    val file: File get() = File(getExternalFilesDir(null) ?: filesDir, "benchmark.json")

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        engine = Engine(accelerators())
        models = (application as BokehApp).models()
        setContentView(R.layout.benchmark)
        report = findViewById(R.id.report)
        button = findViewById(R.id.start)
        button.setOnClickListener { start() }
        if (savedInstanceState == null && intent.hasExtra(RUNS)) start()
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        setIntent(intent)
        if (intent.hasExtra(RUNS)) start()
    }

    /** Waits until what was begun is measured. */
    fun await() {
        engine.submit {}.get()
    }

    private fun accelerators(): List<Accelerator> = (application as BokehApp).accelerators()

    /** One measurement at a time. */
    private fun start() {
        if (!button.isEnabled) return
        busy(true)
        val runs = intent.getIntExtra(RUNS, DEFAULT_RUNS).coerceIn(1, MOST_RUNS)
        val warmUps = intent.getIntExtra(WARM_UPS, DEFAULT_WARM_UPS).coerceIn(0, MOST_RUNS)
        val model = intent.getStringExtra(MODEL)
        val way = intent.getStringExtra(ACCELERATOR).orEmpty()
        file.delete()
        engine.submit {
            try {
                val before = thermalState()
                val results = results(model, way, warmUps, runs)
                val whole = facts(before).put("results", JSONArray(results))
                Log.i(TAG, whole.toString())
                say("${lines(results)}\n${written(whole.toString(1))}")
            } catch (_: Cancelled) {
                Log.i(TAG, "closed")
            } finally {
                runOnUiThread { busy(false) }
            }
        }
    }

    private fun busy(whether: Boolean) {
        button.isEnabled = !whether
        button.keepScreenOn = whether
    }

    private fun results(model: String?, way: String, warmUps: Int, runs: Int): List<JSONObject> {
        val chosen = models.names.filter { it == (model ?: it) }
        val all = accelerators().map { it.name }
        val ways = all.filter { it.startsWith(way, ignoreCase = true) }
        return when {
            chosen.isEmpty() -> listOf(failed(model.orEmpty(), way, "no such model; there are: ${models.names.joinToString()}"))
            ways.isEmpty() -> listOf(failed(model.orEmpty(), way, "no such accelerator; there are: ${all.joinToString("; ")}"))
            else -> chosen.flatMap { name -> ways.map { measured(name, it, warmUps, runs) } }
        }
    }

    private fun measured(model: String, way: String, warmUps: Int, runs: Int): JSONObject = try {
        goOn()
        val artifact = models.open(model)
        val session = engine.open(artifact, only = way).also { session = it }
        val (input, output) = buffers(artifact)
        val likeness = session.trials.last().likeness
        measure(model, way, likeness, session.network, input, output, warmUps, runs) { number ->
            goOn()
            say(getString(R.string.measuring, model, way, number, runs))
        }.let(Measurement::toJson)
    } catch (refused: Refused) {
        failed(model, way, refused.problem)
    } catch (error: RuntimeException) { // drivers fail in many ways, also after a first good run
        failed(model, way, error.message ?: error.javaClass.simpleName)
    } catch (_: OutOfMemoryError) {
        failed(model, way, "too little memory")
    }

    private fun goOn() {
        if (closing) throw Cancelled()
    }

    /** What to say of it. */
    private fun written(text: String): String = try {
        val beside = File(file.path + ".part").apply { writeText(text) }
        if (!beside.renameTo(file)) throw IOException("it cannot be renamed")
        getString(R.string.measured, file)
    } catch (error: IOException) {
        getString(R.string.not_measured, file, error.message)
    }

    private fun failed(model: String, way: String, why: String): JSONObject =
        JSONObject().put("model", model).put("accelerator", way).put("failure", why)

    private fun buffers(artifact: Artifact) = artifact.input.buffer().also { input ->
        artifact.selfCheck?.let { artifact.input.encode(it.input, input) }
    } to artifact.output.buffer()

    private fun facts(thermalBefore: Int): JSONObject = JSONObject()
        .put("device", "${Build.MANUFACTURER} ${Build.MODEL}")
        .put("hardware", Build.HARDWARE)
        .put("android", Build.VERSION.SDK_INT)
        .put("abis", JSONArray(Build.SUPPORTED_ABIS.toList()))
        .put("thermal_before", thermalBefore)
        .put("thermal_after", thermalState())

    private fun thermalState(): Int = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) thermalStatus() else UNKNOWN

    @TargetApi(Build.VERSION_CODES.Q)
    private fun thermalStatus(): Int = getSystemService(PowerManager::class.java).currentThermalStatus

    private fun lines(results: List<JSONObject>): String = results.joinToString("\n") {
        val figures = if (it.has("failure")) {
            it.getString("failure")
        } else {
            "%.1f ms, p90 %.1f ms".format(it.getDouble("median_ms"), it.getDouble("p90_ms"))
        }
        "${it.getString("model")}\n  ${it.getString("accelerator")}: $figures"
    }

    private fun say(text: String) = runOnUiThread { report.text = text }

    override fun onDestroy() {
        super.onDestroy()
        closing = true
        session?.cancel()
        engine.close()
    }

    private companion object {
        const val TAG = "PyNETBenchmark"
        const val RUNS = "runs"
        const val WARM_UPS = "warmups"
        const val MODEL = "model"
        const val ACCELERATOR = "accelerator"
        const val DEFAULT_RUNS = 10
        const val DEFAULT_WARM_UPS = 2
        const val MOST_RUNS = 1000
        const val UNKNOWN = -1
    }
}
