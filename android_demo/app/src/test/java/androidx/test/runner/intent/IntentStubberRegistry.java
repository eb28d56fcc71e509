package androidx.test.runner.intent;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public final class IntentStubberRegistry {
  private IntentStubberRegistry() {}

  public static boolean isLoaded() {
    return false;
  }

  public static IntentStubber getInstance() {
    throw new IllegalStateException("no stubber");
  }
}
