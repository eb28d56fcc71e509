package androidx.test.runner.lifecycle;

import android.app.Activity;
import java.util.Collection;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public interface ActivityLifecycleMonitor {
  void addLifecycleCallback(ActivityLifecycleCallback callback);

  void removeLifecycleCallback(ActivityLifecycleCallback callback);

  Collection<Activity> getActivitiesInStage(Stage stage);
}
