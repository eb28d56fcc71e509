package dev.pynet.bokeh.engine

import dev.pynet.bokeh.core.Artifact
import java.io.File
import java.io.RandomAccessFile
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/** The artifacts in the APK, and what Python makes with them: `python -m tests.android_demo.expected` writes it. */
object Sample {
    private val assets = File(checkNotNull(System.getProperty("assets")))
    val expected = File(checkNotNull(System.getProperty("expected")))
    val models: List<File> = File(assets, "models").listFiles { file -> file.extension == "tflite" }.orEmpty().sorted()

    fun artifact(file: File = models.last()): Artifact = Artifact.read(map(file), file.name)

    private fun map(file: File): ByteBuffer = RandomAccessFile(file, "r").use {
        it.channel.map(FileChannel.MapMode.READ_ONLY, 0, it.length())
    }
}
