package dev.pynet.bokeh.engine

import dev.pynet.bokeh.core.Artifact
import dev.pynet.bokeh.core.Refused
import dev.pynet.bokeh.core.Renderer
import dev.pynet.bokeh.core.SelfCheck
import java.util.concurrent.Callable
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors
import java.util.concurrent.Future
import java.util.concurrent.TimeUnit

/**
 * What came of trying an accelerator.
 *
 * @property likeness PSNR in dB of what it made of the artifact's self-check against what must come out
 * @property milliseconds of that first run, which also warms it up
 * @property problem why it is not used, or null
 */
data class Trial(val accelerator: String, val likeness: Double?, val milliseconds: Double?, val problem: String?)

/** An artifact on the accelerator that was chosen for it. */
class Session(val artifact: Artifact, val network: RunningNetwork, val trials: List<Trial>) : AutoCloseable {
    val accelerator: String get() = trials.last().accelerator
    val renderer = Renderer(artifact.input, artifact.output, network)
    private var closed = false

    /** Makes a rendering that is under way stop soon; from any thread, also once it is closed. */
    @Synchronized
    fun cancel() {
        if (!closed) network.cancel()
    }

    @Synchronized
    override fun close() {
        closed = true
        network.close()
    }
}

/** Owns the thread on which networks are made, run and closed. */
class Engine(private val accelerators: List<Accelerator>) : AutoCloseable {
    private val thread: ExecutorService = Executors.newSingleThreadExecutor { Thread(it, "engine") }
    private var session: Session? = null

    /** Does something on the engine's thread, one after the other. */
    fun <T> submit(work: () -> T): Future<T> = thread.submit(Callable { work() })

    /**
     * Loads an artifact on the first accelerator that computes right, in place of the one before. On the engine's thread.
     *
     * @param only the name of the one accelerator to try
     * @throws Refused none of them does
     */
    fun open(artifact: Artifact, only: String? = null): Session {
        session?.close()
        session = null
        val trials = mutableListOf<Trial>()
        for (accelerator in accelerators.filter { only == null || it.name == only }) {
            val network = tried(accelerator, artifact, trials) ?: continue
            return Session(artifact, network, trials).also { session = it }
        }
        val said = trials.joinToString(" ") { "${it.accelerator}: ${it.problem}." }
        throw Refused("${artifact.name} runs on nothing that this phone has. $said", "Choose another model.")
    }

    private fun tried(accelerator: Accelerator, artifact: Artifact, trials: MutableList<Trial>): RunningNetwork? {
        var network: RunningNetwork? = null
        val trial = try {
            network = accelerator.open(artifact)
            checked(accelerator, artifact, network)
        } catch (error: Refused) {
            Trial(accelerator.name, null, null, error.problem)
        } catch (error: RuntimeException) { // drivers fail in many ways, and each means: not this one
            Trial(accelerator.name, null, null, error.message ?: error.javaClass.simpleName)
        } catch (error: LinkageError) { // its library is not on this phone
            Trial(accelerator.name, null, null, "not on this device (${error.javaClass.simpleName})")
        }
        trials += trial
        if (trial.problem == null) return network
        network?.close()
        return null
    }

    private fun checked(accelerator: Accelerator, artifact: Artifact, network: RunningNetwork): Trial {
        val check = artifact.selfCheck ?: return Trial(accelerator.name, null, null, unchecked(accelerator))
        val input = artifact.input.buffer().also { artifact.input.encode(check.input, it) }
        val output = artifact.output.buffer()
        val started = System.nanoTime()
        network.run(input, output)
        val milliseconds = (System.nanoTime() - started) / 1e6
        val likeness = check.likeness(artifact.output.decode(output))
        val problem = if (likeness >= SelfCheck.ENOUGH) null else "computes wrong (%.1f dB)".format(likeness)
        return Trial(accelerator.name, likeness, milliseconds, problem)
    }

    /** A file without a self-check runs on the CPU only. */
    private fun unchecked(accelerator: Accelerator): String? =
        if (accelerator === accelerators.last()) null else "cannot be checked: the model has no self-check inside"

    override fun close() {
        thread.submit {
            session?.close()
            session = null
        }
        thread.shutdown()
    }

    /** Waits until what was begun before [close] is done and everything is closed. */
    fun awaitEnd(): Boolean = thread.awaitTermination(1, TimeUnit.MINUTES)
}
