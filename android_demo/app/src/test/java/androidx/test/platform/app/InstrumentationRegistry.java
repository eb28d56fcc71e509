package androidx.test.platform.app;

import android.app.Instrumentation;
import android.os.Bundle;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public final class InstrumentationRegistry {
  private static Instrumentation current;

  private InstrumentationRegistry() {}

  public static void registerInstance(Instrumentation instrumentation, Bundle arguments) {
    current = instrumentation;
  }

  public static Instrumentation getInstrumentation() {
    return current;
  }
}
