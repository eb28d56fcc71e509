package androidx.test.runner.intent;

import android.app.Instrumentation;
import android.content.Intent;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public interface IntentStubber {
  Instrumentation.ActivityResult getActivityResultForIntent(Intent intent);
}
