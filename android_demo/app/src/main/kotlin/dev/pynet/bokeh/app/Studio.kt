package dev.pynet.bokeh.app

import android.content.Context
import android.os.Handler
import android.os.Looper
import android.os.SystemClock
import dev.pynet.bokeh.R
import dev.pynet.bokeh.core.Cancelled
import dev.pynet.bokeh.core.Picture
import dev.pynet.bokeh.core.Refused
import dev.pynet.bokeh.core.Stage
import dev.pynet.bokeh.core.Times
import dev.pynet.bokeh.core.Watch
import dev.pynet.bokeh.core.focusDepth
import dev.pynet.bokeh.engine.Engine
import dev.pynet.bokeh.engine.Session
import java.io.InputStream

/** What happens behind the screen; it outlives rotations. Called on the main thread, works on the engine's. */
class Studio(context: Context, private val models: Models, private val engine: Engine) {
    private val app = context.applicationContext
    private val main = Handler(Looper.getMainLooper())
    val work = Work(app.filesDir.resolve("work"))

    /** The state that is shown. */
    @Volatile
    var state = ScreenState(models.names)
        private set

    /** Is told of each new state. */
    var shown: (ScreenState) -> Unit = {}

    /** One thing that was asked for; the next one cancels it. */
    private class Job {
        @Volatile
        var cancelled = false
    }

    @Volatile
    private var job = Job()

    @Volatile
    private var session: Session? = null

    /** Takes a photo and renders it. */
    fun open(source: () -> InputStream?) = begin {
        work.take(source)
        showPhoto()
        render()
    }

    /** Takes one of the bundled samples. */
    fun openSample(name: String) = open { app.assets.open("$SAMPLES/$name") }

    /** The names of the bundled samples. */
    fun samples(): List<String> = app.assets.list(SAMPLES).orEmpty().sorted()

    /** Shows what was there when the process ended. */
    fun restore(slider: Float, model: Int) {
        show { it.copy(slider = slider, model = model.coerceIn(0, maxOf(0, it.models.size - 1))) }
        if (!work.photo.exists()) return
        begin {
            showPhoto()
            if (work.result.exists()) showResult(null) else render()
        }
    }

    /** Renders with another model. */
    fun choose(model: Int) {
        if (model == state.model) return
        show { it.copy(model = model) }
        begin {
            session = null
            if (work.photo.exists()) render()
        }
    }

    /** For a model with depth: what is to stay sharp. */
    fun focus(point: Point) {
        if (!state.takesDepth || state.busy || state.photo == null) return
        show { it.copy(focus = point) }
        begin { render() }
    }

    fun slide(share: Float) = show { it.copy(slider = share.coerceIn(0f, 1f)) }

    fun say(message: Message?) = show { it.copy(message = message) }

    fun cancel() {
        job.cancelled = true
        session?.cancel()
    }

    /** Waits until the engine has done what it was asked for. */
    fun await() {
        engine.submit {}.get()
    }

    fun close() {
        cancel()
        shown = {}
        engine.close()
    }

    private fun begin(steps: () -> Unit) {
        cancel()
        val mine = Job().also { job = it }
        show { it.copy(progress = Progress(Stage.READING, 0.0, SystemClock.elapsedRealtime()), message = null) }
        engine.submit {
            val message = if (mine.cancelled) null else outcome(steps)
            main.post { if (mine === job) show { it.copy(progress = null, message = message ?: it.message) } }
        }
    }

    private fun outcome(steps: () -> Unit): Message? = try {
        steps()
        null
    } catch (refused: Refused) {
        Message(refused.problem, refused.fix)
    } catch (_: Cancelled) {
        Message(app.getString(R.string.cancelled))
    } catch (error: RuntimeException) { // the runtime's and the platform's own: shown, and the app goes on
        Message("${error.javaClass.simpleName}: ${error.message}", "Choose another photo or model.")
    } catch (_: OutOfMemoryError) {
        Message("This phone has too little memory for that.", "Choose a smaller photo or model.")
    }

    private fun showPhoto() {
        val photo = PhotoFile(work.photo)
        val preview = photo.preview(PREVIEW)
        post { it.copy(photo = photo.size, before = preview, after = null, focus = null, times = null) }
    }

    private fun render() {
        val session = session ?: load()
        val photo = PhotoFile(work.photo)
        val depth = depth(session, photo) ?: if (session.artifact.takesDepth) return askForFocus() else null
        work.result.delete()
        post { it.copy(after = null, times = null) }
        val bitmap = photo.decode()
        val times = try {
            session.renderer.render(BitmapRows(bitmap, photo.orientation), depth, watch).also { work.keep(bitmap, photo.orientation) }
        } finally {
            bitmap.recycle()
        }
        showResult(times)
    }

    private fun load(): Session {
        if (models.names.isEmpty()) throw Refused("There is no model in the app.", "Put artifacts into assets/models.")
        val session = engine.open(models.open(models.names[state.model]))
        this.session = session
        val off = session.trials.filter { it.problem != null }.groupBy { it.problem }
            .map { (why, those) -> "${those.joinToString(" and ") { it.accelerator }}: $why" }
        post {
            it.copy(takesDepth = session.artifact.takesDepth, accelerator = session.accelerator, switchedOff = off)
        }
        return session
    }

    private fun depth(session: Session, photo: PhotoFile): Picture? {
        if (!session.artifact.takesDepth) return null
        val point = state.focus ?: return EmbeddedDepth.read(work.photo, photo.orientation)
        return focusDepth(photo.size, (point.x * (photo.size.width - 1)).toDouble(), (point.y * (photo.size.height - 1)).toDouble())
    }

    private fun askForFocus() = post { it.copy(message = Message(app.getString(R.string.tap_to_focus))) }

    private fun showResult(times: Times?) {
        val preview = PhotoFile(work.result).preview(PREVIEW)
        post { it.copy(after = preview, times = times) }
    }

    private val watch = object : Watch {
        override fun at(stage: Stage, share: Double) {
            post { state -> state.copy(progress = state.progress?.copy(stage = stage, share = share)) }
        }

        override val cancelled: Boolean get() = job.cancelled
    }

    private fun post(change: (ScreenState) -> ScreenState) {
        main.post { show(change) }
    }

    private fun show(change: (ScreenState) -> ScreenState) {
        state = change(state)
        shown(state)
    }

    private companion object {
        const val SAMPLES = "photos"
        const val PREVIEW = 1280
    }
}
