package dev.pynet.bokeh.app

import android.content.res.AssetManager
import dev.pynet.bokeh.core.Artifact
import dev.pynet.bokeh.core.Refused
import java.io.FileInputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/** Where artifacts are. */
interface Models {
    /** Their file names without the suffix. */
    val names: List<String>

    /** @throws Refused it is not an artifact of ours, or damaged */
    fun open(name: String): Artifact
}

/** The artifacts in `assets/models`. */
class AssetModels(private val assets: AssetManager) : Models {
    override val names: List<String> =
        assets.list(FOLDER).orEmpty().filter { it.endsWith(SUFFIX) }.map { it.removeSuffix(SUFFIX) }.sorted()

    override fun open(name: String): Artifact = Artifact.read(map("$FOLDER/$name$SUFFIX"), "$name$SUFFIX")

    /** Maps the file into memory, which needs it to be stored without compression. */
    private fun map(path: String): ByteBuffer = try {
        assets.openFd(path).use { asset ->
            FileInputStream(asset.fileDescriptor).channel.use {
                it.map(FileChannel.MapMode.READ_ONLY, asset.startOffset, asset.declaredLength)
            }
        }
    } catch (error: IOException) {
        throw Refused("$path cannot be mapped into memory: ${error.message}.", "Pack it without compression: noCompress tflite.")
    }

    private companion object {
        const val FOLDER = "models"
        const val SUFFIX = ".tflite"
    }
}
