package org.tensorflow.lite

import org.bytedeco.javacpp.BytePointer
import org.bytedeco.javacpp.Pointer
import org.bytedeco.tensorflowlite.TfLiteInterpreter
import org.bytedeco.tensorflowlite.TfLiteModel
import org.bytedeco.tensorflowlite.TfLiteTensor
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteInterpreterAllocateTensors
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteInterpreterCreate
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteInterpreterDelete
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteInterpreterGetInputTensor
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteInterpreterGetOutputTensor
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteInterpreterInvoke
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteInterpreterOptionsCreate
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteInterpreterOptionsDelete
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteInterpreterOptionsSetNumThreads
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteModelCreate
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteModelDelete
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorByteSize
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorCopyFromBuffer
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorCopyToBuffer
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorDim
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorNumDims
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorQuantizationParams
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorType
import java.nio.ByteBuffer

/**
 * Android's class of this name on the JVM: the same TensorFlow Lite, called through its C interface. It has what the
 * engine uses, so that the engine's own code runs in tests.
 */
class Interpreter(model: ByteBuffer, options: Options) : AutoCloseable {
    class Options {
        internal var threads = 1
        internal val delegates = mutableListOf<Delegate>()

        fun setNumThreads(threads: Int): Options = apply { this.threads = threads }

        @Suppress("UNUSED_PARAMETER") // XNNPACK is the default of the C interface
        fun setUseXNNPACK(use: Boolean): Options = this

        @Suppress("UNUSED_PARAMETER")
        fun setCancellable(can: Boolean): Options = this

        fun addDelegate(delegate: Delegate): Options = apply { delegates += delegate }
    }

    private val bytes = BytePointer(model.remaining().toLong()).also { it.asBuffer().put(model.duplicate()) }
    private val model: TfLiteModel
    private val interpreter: TfLiteInterpreter

    @Volatile
    private var cancelled = false

    init {
        check(options.delegates.isEmpty()) { "no delegates here" }
        open++
        this.model = TfLiteModelCreate(bytes, bytes.capacity()) ?: throw IllegalArgumentException("not a model")
        val settings = TfLiteInterpreterOptionsCreate()
        TfLiteInterpreterOptionsSetNumThreads(settings, options.threads)
        interpreter = TfLiteInterpreterCreate(this.model, settings) ?: throw IllegalArgumentException("not a model that runs")
        TfLiteInterpreterOptionsDelete(settings)
        check(TfLiteInterpreterAllocateTensors(interpreter) == 0) { "no memory for the tensors" }
    }

    fun getInputTensor(index: Int): Tensor = Described(TfLiteInterpreterGetInputTensor(interpreter, index))

    fun getOutputTensor(index: Int): Tensor = Described(TfLiteInterpreterGetOutputTensor(interpreter, index))

    fun setCancelled(cancelled: Boolean) {
        this.cancelled = cancelled
    }

    fun run(input: Any, output: Any) {
        val given = TfLiteInterpreterGetInputTensor(interpreter, 0)
        val source = Pointer(input as ByteBuffer)
        require(TfLiteTensorCopyFromBuffer(given, source, input.remaining().toLong()) == 0) { "another input size" }
        check(TfLiteInterpreterInvoke(interpreter) == 0) { "the run failed" }
        duringRun()
        check(!cancelled) { "cancelled" }
        val made = TfLiteInterpreterGetOutputTensor(interpreter, 0)
        val target = Pointer(output as ByteBuffer)
        require(TfLiteTensorCopyToBuffer(made, target, output.remaining().toLong()) == 0) { "another output size" }
    }

    override fun close() {
        TfLiteInterpreterDelete(interpreter)
        TfLiteModelDelete(model)
        bytes.close()
        open--
    }

    companion object {
        /** How many are not closed. */
        @JvmStatic
        @Volatile
        var open = 0
            private set

        /** Is called while a network runs. */
        @Volatile
        var duringRun: () -> Unit = {}
    }
}

private class Described(private val tensor: TfLiteTensor) : Tensor {
    private val types = mapOf(1 to DataType.FLOAT32, 3 to DataType.UINT8, 7 to DataType.INT16, 9 to DataType.INT8)

    override fun dataType(): DataType = types.getValue(TfLiteTensorType(tensor))

    override fun numDimensions(): Int = TfLiteTensorNumDims(tensor)

    override fun numBytes(): Int = TfLiteTensorByteSize(tensor).toInt()

    override fun numElements(): Int = shape().fold(1, Int::times)

    override fun shape(): IntArray = IntArray(numDimensions()) { TfLiteTensorDim(tensor, it) }

    override fun shapeSignature(): IntArray = shape()

    override fun index(): Int = 0

    override fun name(): String = "tensor"

    override fun quantizationParams(): Tensor.QuantizationParams {
        val stored = TfLiteTensorQuantizationParams(tensor)
        return Tensor.QuantizationParams(stored.scale(), stored.zero_point())
    }

    override fun asReadOnlyBuffer(): ByteBuffer = throw UnsupportedOperationException()
}
