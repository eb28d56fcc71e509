package org.tensorflow.lite

import com.sun.jna.Memory
import com.sun.jna.NativeLibrary
import org.bytedeco.javacpp.Loader
import org.bytedeco.javacpp.Pointer
import org.bytedeco.tensorflowlite.TfLiteDelegate
import org.bytedeco.tensorflowlite.global.tensorflowlite
import com.sun.jna.Pointer as Address

/**
 * XNNPACK with the integer kernels that phones and Python have; the JVM's build leaves them out unless it is asked,
 * which its Java interface cannot (tensorflow/lite/delegates/xnnpack/xnnpack_delegate.h).
 */
internal class Xnnpack(threads: Int) : AutoCloseable {
    private val made = call("TfLiteXNNPackDelegateCreate").invokePointer(arrayOf(options(threads)))

    val delegate = TfLiteDelegate(object : Pointer() {
        init {
            address = Address.nativeValue(made)
        }
    })

    override fun close() = call("TfLiteXNNPackDelegateDelete").invokeVoid(arrayOf(made))

    private fun options(threads: Int) = Memory(SIZE).apply {
        clear()
        setInt(0, threads)
        setInt(4, SIGNED or UNSIGNED)
    }

    private companion object {
        const val SIZE = 64L // what is not set is 0: the default
        const val SIGNED = 1
        const val UNSIGNED = 2
        val library: NativeLibrary = NativeLibrary.getInstance(Loader.load(tensorflowlite::class.java))

        fun call(name: String) = library.getFunction(name)
    }
}
