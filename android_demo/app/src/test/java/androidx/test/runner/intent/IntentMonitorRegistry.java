package androidx.test.runner.intent;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public final class IntentMonitorRegistry {
  private IntentMonitorRegistry() {}

  public static void registerInstance(IntentMonitor monitor) {}
}
