package dev.pynet.bokeh.app

import android.content.Context
import android.graphics.Bitmap
import android.os.Handler
import android.os.Looper
import android.os.SystemClock
import dev.pynet.bokeh.R
import dev.pynet.bokeh.core.Cancelled
import dev.pynet.bokeh.core.Picture
import dev.pynet.bokeh.core.Refused
import dev.pynet.bokeh.core.Size
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

    /** A photo as it is shown. */
    private class Shown(val size: Size, val picture: Bitmap)

    /**
     * One thing that was asked for; the next one cancels it.
     *
     * @property bring gets the photo; null once that is shown, or where none is to be got
     */
    private inner class Job(var bring: ((Watch) -> Shown)?) : Watch {
        @Volatile
        override var cancelled = false

        override fun at(stage: Stage, share: Double) {
            main.post { if (this === job) show { it.copy(progress = it.progress?.copy(stage = stage, share = share)) } }
        }
    }

    private var job = Job(null)

    @Volatile
    private var session: Session? = null

    /** The number of the session's model. */
    private var loaded = 0

    /** Takes a photo and renders it. */
    fun open(source: () -> InputStream?) = begin({ work.take(it, source, ::look) }) { render(it, null) }

    /** Takes one of the bundled samples. */
    fun openSample(name: String) = open { app.assets.open("$SAMPLES/$name") }

    /** The names of the bundled samples. */
    fun samples(): List<String> = app.assets.list(SAMPLES).orEmpty().sorted()

    /** Shows what was there when the process ended. */
    fun restore(slider: Float, model: Int) {
        show { it.copy(slider = slider, model = model.coerceIn(0, maxOf(0, it.models.size - 1))) }
        if (!work.photo.exists()) return
        begin({ look(PhotoFile(work.photo)) }) {
            if (!work.result.exists()) return@begin render(it, null)
            showResult(null)
            session() // so that it is known whether a tap means anything
        }
    }

    /** Renders with another model, also a photo that is yet to come. */
    fun choose(model: Int) {
        if (model == state.model) return
        show { it.copy(model = model) }
        val bring = job.bring
        if (bring == null && state.photo == null) return
        val focus = if (bring == null) state.focus else null
        begin(bring) { render(it, focus) }
    }

    /** For a model with depth: what is to stay sharp. */
    fun focus(point: Point) {
        if (!state.takesDepth || state.busy || state.photo == null) return
        show { it.copy(focus = point) }
        begin(null) { render(it, point) }
    }

    fun slide(share: Float) = show { it.copy(slider = share.coerceIn(0f, 1f)) }

    fun say(message: Message?) = show { it.copy(message = message) }

    /** Does something with the result's file on the engine's thread, then the rest on the main one, or says why not. */
    fun export(write: () -> Unit, rest: () -> Unit) {
        engine.submit {
            val problem = outcome(write)
            main.post { if (problem == null) rest() else say(problem) }
        }
    }

    fun cancel() {
        job.cancelled = true
        job.bring = null
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

    private fun begin(bring: ((Watch) -> Shown)?, steps: (Job) -> Unit) {
        cancel()
        val mine = Job(bring).also { job = it }
        show { it.copy(progress = Progress(Stage.READING, 0.0, SystemClock.elapsedRealtime()), message = null) }
        engine.submit {
            val message = outcome {
                if (mine.cancelled) throw Cancelled()
                if (bring != null) showPhoto(mine, bring(mine))
                steps(mine)
            }
            main.post {
                mine.bring = null
                if (mine === job) show { it.copy(progress = null, message = message ?: it.message) }
            }
        }
    }

    private fun outcome(steps: () -> Unit): Message? = try {
        steps()
        null
    } catch (refused: Refused) {
        Message(refused.problem, refused.fix)
    } catch (_: Cancelled) {
        Message(app.getString(R.string.cancelled))
    } catch (_: OutOfMemoryError) {
        Message("This phone has too little memory for that.", "Choose a smaller photo or model.")
    } catch (error: Throwable) { // the runtime's and the platform's own: shown, and the app goes on
        Message("${error.javaClass.simpleName}: ${error.message}", "Try again, or choose another photo or model.")
    }

    private fun look(photo: PhotoFile) = Shown(photo.size, photo.preview(PREVIEW))

    private fun showPhoto(job: Job, photo: Shown) = post {
        job.bring = null
        it.copy(photo = photo.size, before = photo.picture, after = null, focus = null, times = null)
    }

    private fun render(job: Job, focus: Point?) {
        val session = session()
        val photo = PhotoFile(work.photo)
        val depth = depth(session, photo, focus) ?: if (session.artifact.takesDepth) return askForFocus() else null
        if (job.cancelled) throw Cancelled()
        work.result.delete()
        post { it.copy(after = null, times = null) }
        val bitmap = photo.decode()
        val times = try {
            session.renderer.render(BitmapRows(bitmap, photo.orientation), depth, job).also { work.keep(bitmap, photo.orientation) }
        } catch (error: RuntimeException) { // as accelerators fail; the next try checks this one again
            this.session = null
            throw error
        } finally {
            bitmap.recycle()
        }
        showResult(times)
    }

    /** The chosen model's. */
    private fun session(): Session {
        val model = state.model
        return session?.takeIf { model == loaded } ?: load(model)
    }

    private fun load(model: Int): Session {
        if (models.names.isEmpty()) throw Refused("There is no model in the app.", "Put artifacts into assets/models.")
        session = null
        val session = engine.open(models.open(models.names[model]))
        loaded = model
        this.session = session
        val off = session.trials.filter { it.problem != null }.groupBy { it.problem }
            .map { (why, those) -> "${those.joinToString(" and ") { it.accelerator }}: $why" }
        post {
            it.copy(takesDepth = session.artifact.takesDepth, accelerator = session.accelerator, switchedOff = off)
        }
        return session
    }

    private fun depth(session: Session, photo: PhotoFile, point: Point?): Picture? {
        if (!session.artifact.takesDepth) return null
        if (point == null) return EmbeddedDepth.read(work.photo, photo.orientation)
        return focusDepth(photo.size, (point.x * (photo.size.width - 1)).toDouble(), (point.y * (photo.size.height - 1)).toDouble())
    }

    private fun askForFocus() = post { it.copy(message = Message(app.getString(R.string.tap_to_focus))) }

    private fun showResult(times: Times?) {
        val preview = PhotoFile(work.result).preview(PREVIEW)
        post { it.copy(after = preview, times = times) }
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
