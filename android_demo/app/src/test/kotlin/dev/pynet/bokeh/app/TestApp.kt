package dev.pynet.bokeh.app

import dev.pynet.bokeh.core.Artifact
import dev.pynet.bokeh.core.Picture
import dev.pynet.bokeh.engine.Accelerator
import dev.pynet.bokeh.engine.RunningNetwork
import java.nio.ByteBuffer
import java.util.concurrent.CountDownLatch

/** The app with accelerators that a test chooses; by default one that needs no runtime. */
class TestApp : BokehApp() {
    var ways: List<Accelerator> = listOf(Accelerator("test") { Fake(it) })

    /** What the app's model files contain instead of what was packed. */
    var contents: Map<String, ByteBuffer>? = null

    override fun accelerators(): List<Accelerator> = ways

    override fun models(): Models {
        val files = contents ?: return super.models()
        return object : Models {
            override val names = files.keys.toList()

            override fun open(name: String) = Artifact.read(files.getValue(name), name)
        }
    }
}

/** Gives the artifact's own answer to its self-check, and for photos a flat picture with the photo's mean colours. */
class Fake(
    private val artifact: Artifact,
    private val begun: CountDownLatch? = null,
    private val wrong: Boolean = false,
) : RunningNetwork {
    private val goOn = CountDownLatch(1)
    private var runs = 0

    @Volatile
    private var cancelled = false

    override fun run(input: ByteBuffer, output: ByteBuffer) {
        val check = artifact.selfCheck
        if (runs++ == 0 && check != null && !wrong) return answer(output)
        if (begun != null) {
            begun.countDown()
            goOn.await()
            if (cancelled) throw dev.pynet.bokeh.core.Cancelled()
        }
        val seen = artifact.input.decode(input)
        val colour = FloatArray(3) { channel -> (0 until seen.height * seen.width).map { seen.values[it * seen.channels + channel] }.average().toFloat() }
        val size = artifact.size
        artifact.output.encode(Picture(size.height, size.width, 3, FloatArray(size.height * size.width * 3) { colour[it % 3] }), output)
    }

    /** Each pixel is the nearest one that the self-check knows. */
    private fun answer(output: ByteBuffer) {
        val expected = checkNotNull(artifact.selfCheck).expected
        val size = artifact.size
        val picture = Picture(size.height, size.width, 3)
        for (row in 0 until size.height) {
            for (column in 0 until size.width) {
                for (channel in 0..2) picture.values[(row * size.width + column) * 3 + channel] = expected[row / 8, column / 8, channel]
            }
        }
        artifact.output.encode(picture, output)
    }

    override fun cancel() {
        cancelled = true
        goOn.countDown()
    }

    override fun close() = Unit
}
