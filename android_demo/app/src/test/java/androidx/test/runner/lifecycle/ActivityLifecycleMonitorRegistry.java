package androidx.test.runner.lifecycle;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public final class ActivityLifecycleMonitorRegistry {
  private static ActivityLifecycleMonitor current;

  private ActivityLifecycleMonitorRegistry() {}

  public static void registerInstance(ActivityLifecycleMonitor monitor) {
    current = monitor;
  }

  public static ActivityLifecycleMonitor getInstance() {
    return current;
  }
}
