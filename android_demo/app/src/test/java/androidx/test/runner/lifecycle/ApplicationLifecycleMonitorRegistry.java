package androidx.test.runner.lifecycle;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public final class ApplicationLifecycleMonitorRegistry {
  private static ApplicationLifecycleMonitor current;

  private ApplicationLifecycleMonitorRegistry() {}

  public static void registerInstance(ApplicationLifecycleMonitor monitor) {
    current = monitor;
  }

  public static ApplicationLifecycleMonitor getInstance() {
    return current;
  }
}
