package dev.pynet.bokeh.app

import android.annotation.TargetApi
import android.app.Activity
import android.os.Build
import android.os.SystemClock
import android.view.View
import android.view.WindowInsets
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Button
import android.widget.ProgressBar
import android.widget.Spinner
import android.widget.TextView
import dev.pynet.bokeh.R
import dev.pynet.bokeh.core.Stage

/** The views of the main screen; knows how a state looks, and nothing else. */
class Screen(private val activity: Activity, private val actions: Actions) {
    /** What the user can do. */
    class Actions(
        val pick: () -> Unit,
        val camera: () -> Unit,
        val samples: () -> Unit,
        val save: () -> Unit,
        val share: () -> Unit,
        val benchmark: () -> Unit,
        val cancel: () -> Unit,
        val model: (Int) -> Unit,
        val slide: (Float) -> Unit,
        val point: (Point) -> Unit,
    )

    private val picture: BeforeAfterView = activity.findViewById(R.id.picture)
    private val hint: TextView = activity.findViewById(R.id.hint)
    private val models: Spinner = activity.findViewById(R.id.models)
    private val status: TextView = activity.findViewById(R.id.status)
    private val message: TextView = activity.findViewById(R.id.message)
    private val progress: ProgressBar = activity.findViewById(R.id.progress)
    private val cancel: Button = button(R.id.cancel, actions.cancel)
    private val save: Button = button(R.id.save, actions.save)
    private val share: Button = button(R.id.share, actions.share)
    private var named: List<String> = emptyList()
    private var shown: ScreenState? = null
    private val next = Runnable { tick() }

    init {
        button(R.id.pick, actions.pick)
        button(R.id.camera, actions.camera)
        button(R.id.samples, actions.samples)
        button(R.id.benchmark, actions.benchmark)
        picture.onSlide = actions.slide
        picture.onPoint = actions.point
        keepClearOfBars(activity.findViewById(R.id.root))
    }

    fun show(state: ScreenState) {
        picture.show(state.before, state.after, state.focus, state.slider)
        picture.contentDescription = describe(state)
        hint.visibility = if (state.before == null && !state.busy) View.VISIBLE else View.GONE
        showModels(state)
        showProgress(state)
        shown = state
        tick()
        message.text = listOfNotNull(state.message?.problem, state.message?.fix).filter { it.isNotEmpty() }.joinToString(" ")
        message.visibility = if (message.text.isEmpty()) View.GONE else View.VISIBLE
        save.isEnabled = state.hasResult
        share.isEnabled = state.hasResult
    }

    /** Writes the status, and while something is under way again and again, as the time goes on. */
    private fun tick() {
        val state = shown ?: return
        status.text = status(state)
        status.removeCallbacks(next)
        if (state.busy) status.postDelayed(next, TICK) // a view that has left its window does not run it
    }

    private fun describe(state: ScreenState): String = activity.getString(
        when {
            state.before == null -> R.string.no_photo
            state.after == null -> R.string.photo_alone
            else -> R.string.photo_and_result
        },
    )

    private fun showModels(state: ScreenState) {
        if (named != state.models) {
            named = state.models
            models.adapter = ArrayAdapter(activity, R.layout.model, state.models)
            models.onItemSelectedListener = Chosen()
        }
        if (models.selectedItemPosition != state.model) models.setSelection(state.model)
        models.isEnabled = state.models.size > 1
    }

    private fun showProgress(state: ScreenState) {
        val now = state.progress
        progress.visibility = if (now == null) View.INVISIBLE else View.VISIBLE
        cancel.visibility = if (now == null) View.GONE else View.VISIBLE
        if (now == null) return
        progress.isIndeterminate = now.stage == Stage.RENDERING
        progress.progress = (now.share * progress.max).toInt()
    }

    private fun status(state: ScreenState): String {
        val now = state.progress
        if (now != null) {
            val seconds = (SystemClock.elapsedRealtime() - now.startedAt) / 1000.0
            return activity.getString(STAGES.getValue(now.stage), seconds)
        }
        val size = state.photo?.let { activity.getString(R.string.photo_size, it.width, it.height) }
        val runsOn = state.accelerator?.let { activity.getString(R.string.runs_on, it) }
        val times = state.times?.let { activity.getString(R.string.times, it.before, it.network, it.after) }
        val off = state.switchedOff.map { activity.getString(R.string.switched_off, it) }
        return (listOf(listOfNotNull(size, runsOn).joinToString(" · ")) + listOfNotNull(times) + off)
            .filter { it.isNotEmpty() }.joinToString("\n")
    }

    private fun button(id: Int, action: () -> Unit): Button =
        activity.findViewById<Button>(id).also { it.setOnClickListener { action() } }

    private fun keepClearOfBars(root: View) {
        root.setOnApplyWindowInsetsListener { view, insets ->
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.R) padNew(view, insets) else padOld(view, insets)
            insets
        }
    }

    @TargetApi(Build.VERSION_CODES.R)
    private fun padNew(view: View, insets: WindowInsets) {
        val bars = insets.getInsets(WindowInsets.Type.systemBars() or WindowInsets.Type.displayCutout())
        view.setPadding(bars.left, bars.top, bars.right, bars.bottom)
    }

    @Suppress("DEPRECATION") // the successors came with API 30
    private fun padOld(view: View, insets: WindowInsets) {
        view.setPadding(
            insets.systemWindowInsetLeft, insets.systemWindowInsetTop,
            insets.systemWindowInsetRight, insets.systemWindowInsetBottom,
        )
    }

    private inner class Chosen : AdapterView.OnItemSelectedListener {
        override fun onItemSelected(parent: AdapterView<*>?, view: View?, position: Int, id: Long) = actions.model(position)

        override fun onNothingSelected(parent: AdapterView<*>?) = Unit
    }

    private companion object {
        const val TICK = 250L
        val STAGES = mapOf(
            Stage.READING to R.string.reading,
            Stage.RENDERING to R.string.rendering,
            Stage.FINISHING to R.string.finishing,
        )
    }
}
