package dev.pynet.bokeh.core

import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.junit.runners.Parameterized
import java.nio.ByteBuffer
import kotlin.math.abs

/** The whole way of a photo against Python's. */
@RunWith(Parameterized::class)
class SharedVectorsTest(private val case: Vectors.Case) {
    @Test
    fun `a photo becomes Python's tensor, and Python's tensor its picture, within one step of 255`() {
        val photo = ArrayPhoto.of(case.photo)
        val depth = case.focus?.let { (column, row) -> focusDepth(photo.size, column, row) }
        val network = Network { input, output ->
            assertTensor(case.tensor("input"), case.input, input)
            fill(case.tensor("output"), case.output, output)
        }
        val watch = Notes()
        renderer(case, network).render(photo, depth, watch)

        val expected = case.picture.values()
        val differences = photo.colours().mapIndexed { place, value -> abs(value - expected[place].toInt()) }
        assertTrue("$case differs by ${differences.max()}", differences.max() <= 1)
        assertTrue("$case: too many pixels off by one", differences.count { it > 0 } < differences.size / 50)
        assertEquals(Stage.values().toList(), watch.stages)
    }

    private fun assertTensor(expected: FloatArray, port: Port, tensor: ByteBuffer) {
        val step = if (port.type == NumberType.FLOAT32) 1f / 255 else 1f
        expected.forEachIndexed { place, value ->
            val ours = when (port.type) {
                NumberType.FLOAT32 -> tensor.getFloat(4 * place)
                else -> (tensor.get(place).toInt() and 0xff).toFloat()
            }
            assertEquals("$case at $place", value, ours, step)
        }
    }

    companion object {
        @JvmStatic
        @Parameterized.Parameters(name = "{0}")
        fun cases(): List<Vectors.Case> = Vectors.cases
    }
}

private fun fill(values: FloatArray, port: Port, buffer: ByteBuffer) {
    buffer.rewind()
    for (value in values) if (port.type == NumberType.FLOAT32) buffer.putFloat(value) else buffer.put(value.toInt().toByte())
}

private fun renderer(case: Vectors.Case, network: Network) = Renderer(case.input, case.output, network)

class RenderingTest {
    private val scaled = Vectors.cases.first { it.toString() == "scaled" }
    private val copying = Network { input, output ->
        val picture = scaled.input.decode(input).resized(64, 128, Filter.BILINEAR)
        scaled.output.encode(picture, output)
    }

    @Test
    fun `a network that changes nothing gives back the photo`() {
        val photo = ArrayPhoto.of(scaled.photo)
        val before = photo.rgba.copyOf()
        renderer(scaled, copying).render(photo, null, Notes())
        assertArrayEquals(before, photo.rgba)
    }

    @Test
    fun `a photo of one colour keeps it, without seams or halos`() {
        val grey = Network { _, output -> scaled.output.encode(Picture(64, 128, 3, FloatArray(64 * 128 * 3) { 0.5f }), output) }
        val photo = ArrayPhoto(Size(700, 1400), ByteArray(700 * 1400 * 4) { if (it % 4 == 3) -1 else 128.toByte() })
        renderer(scaled, grey).render(photo, null, Notes())
        assertTrue(photo.colours().all { it in 127..128 })
    }

    @Test
    fun `an edge between what is kept and what is blurred has no halo`() {
        // left dark and textured, kept; right bright and textured, blurred by the network
        val size = Size(512, 1024)
        val texture = FloatArray(size.height * size.width) { if ((it / size.width / 8 + it % size.width / 8) % 2 == 0) 0.06f else -0.06f }
        val photo = ArrayPhoto(size, ByteArray(size.height * size.width * 4) {
            val column = it / 4 % size.width
            val value = (if (column < 512) 0.3f else 0.7f) + texture[it / 4]
            if (it % 4 == 3) -1 else (value * 255).toInt().toByte()
        })
        val flattening = Network { input, output ->
            val seen = scaled.input.decode(input).resized(64, 128, Filter.BILINEAR)
            val blurred = seen.blurred(4.0).values
            for (place in seen.values.indices) {
                val share = ((place / 3 % 128 - 60) / 8f).coerceIn(0f, 1f)
                seen.values[place] += share * (blurred[place] - seen.values[place])
            }
            scaled.output.encode(seen, output)
        }
        renderer(scaled, flattening).render(photo, null, Notes())
        val colours = photo.colours()
        val beyond = maxOf(colours.max() / 255f - 0.76f, 0.24f - colours.min() / 255f)
        assertTrue("a halo of $beyond beside a step of 0.4", beyond < 0.04f)
    }

    @Test
    fun `tiny and huge photos are refused with their size`() {
        val tiny = assertThrows(Refused::class.java) { Renderer.checkSize(Size(1, 1)) }
        assertTrue(tiny.message!!.contains("1x1") && tiny.message!!.contains("64"))
        val huge = assertThrows(Refused::class.java) { Renderer.checkSize(Size(9000, 9000)) }
        assertTrue(huge.message!!.contains("9000x9000"))
        Renderer.checkSize(Size(6400, 8192))
    }

    @Test
    fun `a cancelled rendering stops`() {
        for (stage in Stage.values()) {
            var runs = 0
            val counting = Network { input, output ->
                runs++
                copying.run(input, output)
            }
            val photo = ArrayPhoto.of(scaled.photo)
            assertThrows(Cancelled::class.java) { renderer(scaled, counting).render(photo, null, Notes(stopAt = stage)) }
            assertEquals("$stage", if (stage == Stage.FINISHING) 1 else 0, runs)
        }
    }

    @Test
    fun `what is no number is refused, and the photo stays as it is`() {
        for (value in listOf(Float.NaN, Float.NEGATIVE_INFINITY)) {
            val astray = Network { _, output ->
                scaled.output.encode(Picture(64, 128, 3, FloatArray(64 * 128 * 3) { if (it == 777) value else 0.5f }), output)
            }
            val photo = ArrayPhoto.of(scaled.photo)
            val before = photo.rgba.copyOf()
            val refused = assertThrows(Refused::class.java) { renderer(scaled, astray).render(photo, null, Notes()) }
            assertTrue(refused.problem, "no numbers" in refused.problem)
            assertArrayEquals(before, photo.rgba)
        }
    }

    @Test
    fun `a model with depth asks for it`() {
        val depth = Vectors.cases.first { it.toString() == "depth" }
        val refused = assertThrows(Refused::class.java) { renderer(depth, copying).render(ArrayPhoto.of(depth.photo), null, Notes()) }
        assertTrue(refused.fix.contains("Tap"))
    }
}
