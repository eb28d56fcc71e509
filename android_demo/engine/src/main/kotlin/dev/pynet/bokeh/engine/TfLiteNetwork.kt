package dev.pynet.bokeh.engine

import dev.pynet.bokeh.core.Artifact
import dev.pynet.bokeh.core.Cancelled
import dev.pynet.bokeh.core.NumberType
import dev.pynet.bokeh.core.Port
import dev.pynet.bokeh.core.Refused
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.Tensor
import org.tensorflow.lite.gpu.GpuDelegate
import org.tensorflow.lite.gpu.GpuDelegateFactory
import java.nio.ByteBuffer

/** An artifact in TensorFlow Lite (LiteRT). The thread that makes it runs it and closes it. */
class TfLiteNetwork private constructor(
    artifact: Artifact,
    options: Interpreter.Options,
    private val delegate: Delegate?,
) : RunningNetwork {
    private val interpreter = Interpreter(artifact.content, options)

    @Volatile
    private var cancelled = false

    init {
        try {
            check(artifact.input, interpreter.getInputTensor(0))
            check(artifact.output, interpreter.getOutputTensor(0))
        } catch (refused: Refused) {
            close()
            throw refused
        }
    }

    override fun run(input: ByteBuffer, output: ByteBuffer) {
        setCancelled(false)
        input.rewind()
        output.rewind()
        try {
            interpreter.run(input, output)
        } catch (error: RuntimeException) { // what the runtime throws for a cancelled run differs by version
            if (cancelled) throw Cancelled()
            throw error
        }
        if (cancelled) throw Cancelled()
    }

    override fun cancel() = setCancelled(true)

    @Synchronized
    private fun setCancelled(whether: Boolean) {
        cancelled = whether
        interpreter.setCancelled(whether)
    }

    override fun close() {
        interpreter.close()
        delegate?.close()
    }

    private fun check(port: Port, tensor: Tensor) {
        val wanted = listOf(1, port.height, port.width, port.channels)
        val shape = tensor.shape().toList()
        val type = TYPES.getValue(port.type)
        val stored = tensor.quantizationParams()
        val sameScale = port.type == NumberType.FLOAT32 || (stored.scale == port.scale && stored.zeroPoint == port.zeroPoint)
        if (shape != wanted || tensor.dataType() != type || !sameScale) {
            throw Refused(
                "The model's ${port.name} is $shape of ${tensor.dataType()}; its facts say $wanted of $type.",
                "Convert the model again.",
            )
        }
    }

    companion object {
        private val TYPES = mapOf(
            NumberType.FLOAT32 to DataType.FLOAT32,
            NumberType.UINT8 to DataType.UINT8,
            NumberType.INT8 to DataType.INT8,
            NumberType.INT16 to DataType.INT16,
        )

        /**
         * The ways to run an artifact, the fastest first: the GPU with 16 and with 32 bits, and the CPU.
         *
         * @param threads of the CPU: as many as there are fast cores
         */
        fun accelerators(threads: Int): List<Accelerator> = listOf(
            Accelerator("GPU, 16 bits") { onGpu(it, mayLosePrecision = true) },
            Accelerator("GPU, 32 bits") { onGpu(it, mayLosePrecision = false) },
            Accelerator("CPU, $threads threads") { onCpu(it, threads) },
        )

        private fun onCpu(artifact: Artifact, threads: Int): RunningNetwork {
            val options = Interpreter.Options().setNumThreads(threads).setUseXNNPACK(true).setCancellable(true)
            return TfLiteNetwork(artifact, options, null)
        }

        private fun onGpu(artifact: Artifact, mayLosePrecision: Boolean): RunningNetwork {
            val settings = GpuDelegateFactory.Options().setPrecisionLossAllowed(mayLosePrecision).setQuantizedModelsAllowed(true)
            val delegate = GpuDelegate(settings)
            return try {
                TfLiteNetwork(artifact, Interpreter.Options().addDelegate(delegate).setCancellable(true), delegate)
            } catch (error: RuntimeException) {
                delegate.close()
                throw error
            }
        }
    }
}
