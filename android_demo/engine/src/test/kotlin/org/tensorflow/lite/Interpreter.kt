package org.tensorflow.lite

import org.bytedeco.javacpp.BytePointer
import org.bytedeco.javacpp.Pointer
import org.bytedeco.tensorflowlite.BuiltinOpResolverWithoutDefaultDelegates
import org.bytedeco.tensorflowlite.FlatBufferModel
import org.bytedeco.tensorflowlite.InterpreterBuilder
import org.bytedeco.tensorflowlite.TfLiteTensor
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorByteSize
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorCopyFromBuffer
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorCopyToBuffer
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorDim
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorNumDims
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorQuantizationParams
import org.bytedeco.tensorflowlite.global.tensorflowlite.TfLiteTensorType
import java.nio.ByteBuffer
import org.bytedeco.tensorflowlite.Interpreter as Runtime

/**
 * Android's class of this name on the JVM: the same TensorFlow Lite, called through its C++ interface. It has what the
 * engine uses, so that the engine's own code runs in tests.
 */
class Interpreter(model: ByteBuffer, options: Options) : AutoCloseable {
    class Options {
        internal var threads = 1
        internal var xnnpack = true
        internal val delegates = mutableListOf<Delegate>()

        fun setNumThreads(threads: Int): Options = apply { this.threads = threads }

        fun setUseXNNPACK(use: Boolean): Options = apply { this.xnnpack = use }

        @Suppress("UNUSED_PARAMETER")
        fun setCancellable(can: Boolean): Options = this

        fun addDelegate(delegate: Delegate): Options = apply { delegates += delegate }
    }

    private val bytes = BytePointer(model.remaining().toLong()).also { it.asBuffer().put(model.duplicate()) }
    private val model: FlatBufferModel
    private val kernels = BuiltinOpResolverWithoutDefaultDelegates()
    private val xnnpack = if (options.xnnpack) Xnnpack(options.threads) else null
    private val interpreter = Runtime(null as Pointer?)

    @Volatile
    private var cancelled = false

    init {
        check(options.delegates.isEmpty()) { "no delegates here" }
        open++
        this.model = FlatBufferModel.BuildFromBuffer(bytes, bytes.capacity()) ?: throw IllegalArgumentException("not a model")
        val built = InterpreterBuilder(this.model, kernels).use { it.apply(interpreter, options.threads) }
        require(built == 0) { "not a model that runs" }
        xnnpack?.let { check(interpreter.ModifyGraphWithDelegate(it.delegate) == 0) { "XNNPACK does not take it" } }
        check(interpreter.AllocateTensors() == 0) { "no memory for the tensors" }
    }

    fun getInputTensor(index: Int): Tensor = Described(interpreter.input_tensor(index.toLong()))

    fun getOutputTensor(index: Int): Tensor = Described(interpreter.output_tensor(index.toLong()))

    fun setCancelled(cancelled: Boolean) {
        this.cancelled = cancelled
    }

    fun run(input: Any, output: Any) {
        val given = interpreter.input_tensor(0)
        val source = Pointer(input as ByteBuffer)
        require(TfLiteTensorCopyFromBuffer(given, source, input.remaining().toLong()) == 0) { "another input size" }
        check(interpreter.Invoke() == 0) { "the run failed" }
        duringRun()
        check(!cancelled) { "cancelled" }
        val made = interpreter.output_tensor(0)
        val target = Pointer(output as ByteBuffer)
        require(TfLiteTensorCopyToBuffer(made, target, output.remaining().toLong()) == 0) { "another output size" }
    }

    override fun close() {
        interpreter.close()
        xnnpack?.close()
        kernels.close()
        model.close()
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
