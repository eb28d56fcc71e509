package dev.pynet.bokeh.engine

import dev.pynet.bokeh.core.Artifact
import java.io.File
import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/** The artifacts that go into the APK, and what `python -m pynet_tf.render` makes with the first of them. */
object Sample {
    private val assets = File(checkNotNull(System.getProperty("assets")))
    val expected = File(checkNotNull(System.getProperty("expected")))
    val model: File = File(assets, "models").listFiles { file -> file.extension == "tflite" }.orEmpty().min()

    fun map(file: File): ByteBuffer = RandomAccessFile(file, "r").use {
        it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.length())
    }

    fun artifact(): Artifact = Artifact.read(map(model), model.name)
}
