package dev.pynet.bokeh.engine

import dev.pynet.bokeh.core.Artifact
import dev.pynet.bokeh.core.Cancelled
import dev.pynet.bokeh.core.Npy
import dev.pynet.bokeh.core.NumberType
import dev.pynet.bokeh.core.PhotoRows
import dev.pynet.bokeh.core.Picture
import dev.pynet.bokeh.core.Refused
import dev.pynet.bokeh.core.Size
import dev.pynet.bokeh.core.Stage
import dev.pynet.bokeh.core.Watch
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.tensorflow.lite.Interpreter
import java.awt.image.BufferedImage
import java.io.File
import java.nio.ByteBuffer
import java.util.concurrent.ExecutionException
import javax.imageio.ImageIO
import kotlin.math.log10

/** Real inference of the real sample artifact. */
class EngineTest {
    private val cpu = TfLiteNetwork.accelerators(2).last()
    private val quiet = object : Watch {
        override fun at(stage: Stage, share: Double) = Unit
        override val cancelled = false
    }

    @After
    fun nothingIsLeftOpen() {
        Interpreter.duringRun = {}
        assertEquals(0, Interpreter.open)
    }

    @Test
    fun `an artifact makes of the same tensor what it makes in Python`() {
        for (model in Sample.models) {
            val artifact = Sample.artifact(model)
            val made = withEngine(listOf(cpu)) { engine ->
                engine.submit {
                    val output = artifact.output.buffer()
                    val input = artifact.input.buffer().also { artifact.input.encode(tensor(model, "input"), it) }
                    engine.open(artifact).network.run(input, output)
                    artifact.output.decode(output)
                }.get()
            }
            val likeness = psnr(made.values, tensor(model, "output").values)
            println("%s: the same tensor gives the same at %.1f dB".format(model.name, likeness))
            assertTrue("${model.name}: $likeness dB", likeness >= least(artifact))
        }
    }

    /** The likeness that an artifact must reach, in dB. */
    private fun least(artifact: Artifact): Double =
        if (listOf(artifact.input, artifact.output).all { it.type == NumberType.FLOAT32 }) 90.0 else 45.0

    /** Integer networks magnify the least differences: where a thousandth of the input is one step off, 41 dB are left. */
    @Test
    fun `each artifact makes of a photo what Python makes of it`() {
        for (model in Sample.models) {
            val photo = ImagePhoto(ImageIO.read(File(Sample.expected, "photo.png")))
            val times = withEngine(listOf(cpu)) { engine ->
                engine.submit { engine.open(Sample.artifact(model)).renderer.render(photo, null, quiet) }.get()
            }
            val likeness = psnr(photo, expected("${model.nameWithoutExtension}.png"))
            println("%s: %.1f dB against pynet_tf.render; %s".format(model.name, likeness, times))
            assertTrue("${model.name}: $likeness dB", likeness >= least(Sample.artifact(model)))
        }
    }

    private fun tensor(model: File, kind: String): Picture {
        val name = "${model.nameWithoutExtension}-$kind.npy"
        return Npy.read(File(Sample.expected, name).readBytes(), name).picture()
    }

    private fun psnr(first: FloatArray, second: FloatArray): Double =
        -10 * log10(first.indices.sumOf { (first[it] - second[it]).toDouble().let { d -> d * d } } / first.size + 1e-15)

    private fun expected(name: String) = ImagePhoto(ImageIO.read(File(Sample.expected, name)))

    @Test
    fun `the self-check inside the artifact passes on the CPU, and the GPU that is not there is told`() {
        val session = withEngine(TfLiteNetwork.accelerators(2)) { engine -> engine.submit { engine.open(Sample.artifact()) }.get() }
        assertEquals(listOf("GPU, 16 bits", "GPU, 32 bits", "CPU, 2 threads"), session.trials.map { it.accelerator })
        assertEquals("CPU, 2 threads", session.accelerator)
        assertTrue(session.trials.take(2).all { it.problem!!.contains("not on this device") })
        assertNull(session.trials.last().problem)
        assertTrue(session.trials.last().likeness!! > 40)
    }

    @Test
    fun `an accelerator that computes wrong is switched off, closed and told`() {
        var closed = 0
        val wrong = Accelerator("wrong") { artifact ->
            val real = cpu.open(artifact)
            object : RunningNetwork by real {
                override fun run(input: ByteBuffer, output: ByteBuffer) {
                    real.run(input, output)
                    for (place in 0 until output.limit() / 2) output.put(place, 0)
                }

                override fun close() {
                    closed++
                    real.close()
                }
            }
        }
        val session = withEngine(listOf(wrong, cpu)) { engine -> engine.submit { engine.open(Sample.artifact()) }.get() }
        assertEquals("CPU, 2 threads", session.accelerator)
        assertTrue(session.trials.first().problem!!, session.trials.first().problem!!.startsWith("computes wrong"))
        assertEquals(1, closed)
    }

    @Test
    fun `where nothing works, that is said with every reason`() {
        val broken = Accelerator("broken") { throw IllegalStateException("driver on strike") }
        val error = withEngine(listOf(broken)) { engine ->
            assertThrows(ExecutionException::class.java) { engine.submit { engine.open(Sample.artifact()) }.get() }
        }
        assertTrue(error.cause is Refused && error.cause!!.message!!.contains("driver on strike"))
    }

    @Test
    fun `a run that is cancelled says so`() {
        withEngine(listOf(cpu)) { engine ->
            val session = engine.submit { engine.open(Sample.artifact()) }.get()
            Interpreter.duringRun = session::cancel
            val photo = ImagePhoto(BufferedImage(200, 100, BufferedImage.TYPE_INT_RGB))
            val work = engine.submit { session.renderer.render(photo, null, quiet) }
            val error = assertThrows(ExecutionException::class.java) { work.get() }
            assertTrue("${error.cause}", error.cause is Cancelled)
        }
    }

    @Test
    fun `what has been closed is not cancelled any more`() {
        var cancels = 0
        val counting = Accelerator("counting") { artifact ->
            object : RunningNetwork by cpu.open(artifact) {
                override fun cancel() {
                    cancels++
                }
            }
        }
        withEngine(listOf(counting)) { engine ->
            val session = engine.submit { engine.open(Sample.artifact()) }.get()
            session.cancel()
            engine.submit { engine.open(Sample.artifact()) }.get()
            session.cancel()
        }
        assertEquals(1, cancels)
    }

    @Test
    fun `files that are not ours are refused in words`() {
        val sample = Sample.models.first().readBytes()
        assertRefused("no facts", sample.copyOf(1000))
        assertRefused("no facts", ByteArray(0))
        assertRefused("damaged", sample.copyOf().also { it[2000] = (it[2000] + 1).toByte() })
    }

    private fun assertRefused(word: String, content: ByteArray) {
        val refused = assertThrows(Refused::class.java) { Artifact.read(ByteBuffer.wrap(content), "it.tflite") }
        assertTrue(refused.message, word in refused.message!! && "it.tflite" in refused.message!!)
    }

    private fun <T> withEngine(accelerators: List<Accelerator>, work: (Engine) -> T): T {
        val engine = Engine(accelerators)
        return try {
            work(engine)
        } finally {
            engine.close()
            engine.awaitEnd()
        }
    }

    private fun psnr(first: ImagePhoto, second: ImagePhoto): Double {
        assertEquals(first.size, second.size)
        val ours = ByteArray(4 * first.size.height * first.size.width).also { first.read(0, first.size.height, it) }
        val theirs = ByteArray(ours.size).also { second.read(0, second.size.height, it) }
        val sum = ours.indices.sumOf { val d = (ours[it].toInt() and 0xff) - (theirs[it].toInt() and 0xff); (d * d).toDouble() }
        return 10 * log10(255.0 * 255.0 / (sum / (ours.size / 4 * 3)))
    }
}

/** A photo of the JVM's. */
class ImagePhoto(private val image: BufferedImage) : PhotoRows {
    override val size = Size(image.height, image.width)

    override fun read(top: Int, count: Int, rgba: ByteArray) {
        val pixels = image.getRGB(0, top, size.width, count, null, 0, size.width)
        pixels.forEachIndexed { place, pixel ->
            for (channel in 0..2) rgba[4 * place + channel] = (pixel shr (16 - 8 * channel)).toByte()
            rgba[4 * place + 3] = -1
        }
    }

    override fun write(top: Int, count: Int, rgba: ByteArray) {
        for (place in 0 until count * size.width) {
            val channels = (0..2).map { rgba[4 * place + it].toInt() and 0xff }
            image.setRGB(place % size.width, top + place / size.width, channels[0] shl 16 or (channels[1] shl 8) or channels[2])
        }
    }
}
