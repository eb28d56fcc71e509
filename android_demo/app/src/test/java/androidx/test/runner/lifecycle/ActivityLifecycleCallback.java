package androidx.test.runner.lifecycle;

import android.app.Activity;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public interface ActivityLifecycleCallback {
  void onActivityLifecycleChanged(Activity activity, Stage stage);
}
