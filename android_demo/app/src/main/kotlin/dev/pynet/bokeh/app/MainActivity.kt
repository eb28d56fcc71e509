package dev.pynet.bokeh.app

import android.app.Activity
import android.app.AlertDialog
import android.content.ActivityNotFoundException
import android.content.ClipData
import android.content.Intent
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.provider.MediaStore
import dev.pynet.bokeh.R
import dev.pynet.bokeh.engine.Engine

/** The one screen: passes what the user does to the [Studio], and its state to the [Screen]. */
class MainActivity : Activity() {
    lateinit var studio: Studio
        private set
    private lateinit var screen: Screen
    private val gallery by lazy { Gallery(applicationContext) }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        val kept = lastNonConfigurationInstance as Studio?
        val app = application as BokehApp
        studio = kept ?: Studio(this, app.models(), Engine(app.accelerators()))
        setContentView(R.layout.main)
        screen = Screen(this, actions())
        studio.shown = screen::show
        screen.show(studio.state)
        if (kept != null) return
        if (savedInstanceState != null) {
            studio.restore(savedInstanceState.getFloat(SLIDER, 0.5f), savedInstanceState.getInt(MODEL))
        } else {
            takeShared(intent)
        }
    }

    private fun actions() = Screen.Actions(
        pick = ::pick,
        camera = ::takePhoto,
        samples = ::chooseSample,
        save = ::save,
        share = ::share,
        benchmark = { startActivity(Intent(this, BenchmarkActivity::class.java)) },
        cancel = { studio.cancel() },
        model = { studio.choose(it) },
        slide = { studio.slide(it) },
        point = { studio.focus(it) },
    )

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        takeShared(intent)
    }

    private fun takeShared(intent: Intent) {
        val again = intent.flags and Intent.FLAG_ACTIVITY_LAUNCHED_FROM_HISTORY != 0
        if (intent.action != Intent.ACTION_SEND || again) return
        open(shared(intent) ?: return studio.say(Message(getString(R.string.nothing_shared))))
    }

    @Suppress("DEPRECATION") // its successor came with API 33
    private fun shared(intent: Intent): Uri? = intent.getParcelableExtra(Intent.EXTRA_STREAM)

    private fun open(photo: Uri) = studio.open { contentResolver.openInputStream(photo) }

    private fun pick() {
        val picker = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            Intent(MediaStore.ACTION_PICK_IMAGES).setType(IMAGES)
        } else {
            Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType(IMAGES)
        }
        start(picker, PICK)
    }

    private fun takePhoto() {
        val place = WorkProvider.camera(this)
        val intent = Intent(MediaStore.ACTION_IMAGE_CAPTURE).putExtra(MediaStore.EXTRA_OUTPUT, place)
        intent.clipData = ClipData.newRawUri("", place)
        start(intent.addFlags(Intent.FLAG_GRANT_WRITE_URI_PERMISSION or Intent.FLAG_GRANT_READ_URI_PERMISSION), CAMERA)
    }

    private fun chooseSample() {
        val names = studio.samples()
        val labels = names.indices.map { getString(R.string.sample, it + 1) }.toTypedArray()
        AlertDialog.Builder(this)
            .setTitle(R.string.samples)
            .setItems(labels) { _, number -> studio.openSample(names[number]) }
            .show()
    }

    private fun save() {
        val name = name()
        if (!gallery.canAdd) {
            val place = Intent(Intent.ACTION_CREATE_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE)
            start(place.setType(Gallery.MIME).putExtra(Intent.EXTRA_TITLE, name), PLACE)
            return
        }
        saved(R.string.saved) { gallery.add(studio.work.result, name) }
    }

    private fun saved(said: Int, write: () -> Unit) = studio.export(write) { studio.say(Message(getString(said))) }

    private fun name() = "bokeh-${System.currentTimeMillis()}.jpg"

    private fun share() {
        val name = name()
        studio.export({ studio.work.share(name) }) { send(WorkProvider.uri(this, name)) }
    }

    private fun send(picture: Uri) {
        val intent = Intent(Intent.ACTION_SEND).setType(Gallery.MIME).putExtra(Intent.EXTRA_STREAM, picture)
        intent.clipData = ClipData.newRawUri("", picture)
        start(Intent.createChooser(intent.addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION), null), SHARE)
    }

    private fun start(intent: Intent, request: Int) = try {
        startActivityForResult(intent, request)
    } catch (_: ActivityNotFoundException) {
        studio.say(Message(getString(R.string.no_app)))
    }

    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        super.onActivityResult(request, result, data)
        if (result != RESULT_OK) return
        when (request) {
            PICK -> data?.data?.let(::open)
            CAMERA -> studio.open { studio.work.camera.inputStream() }
            PLACE -> data?.data?.let { place -> saved(R.string.saved_there) { gallery.write(studio.work.result, place) } }
        }
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putFloat(SLIDER, studio.state.slider)
        state.putInt(MODEL, studio.state.model)
    }

    @Deprecated("the framework's way to keep an object across a rotation")
    override fun onRetainNonConfigurationInstance(): Any = studio

    override fun onDestroy() {
        super.onDestroy()
        if (isChangingConfigurations) studio.shown = {} else studio.close()
    }

    private companion object {
        const val IMAGES = "image/*"
        const val SLIDER = "slider"
        const val MODEL = "model"
        const val PICK = 1
        const val CAMERA = 2
        const val PLACE = 3
        const val SHARE = 4
    }
}
