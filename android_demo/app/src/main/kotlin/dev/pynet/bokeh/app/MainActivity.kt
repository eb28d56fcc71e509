package dev.pynet.bokeh.app

import android.app.Activity
import android.os.Bundle
import android.widget.TextView
import dev.pynet.bokeh.R
import dev.pynet.bokeh.core.quantile

class MainActivity : Activity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(TextView(this).apply { text = getString(R.string.app_name) + quantile(listOf(1.0, 2.0), 0.5) })
    }
}
