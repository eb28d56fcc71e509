package androidx.test.runner.lifecycle;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public interface ApplicationLifecycleMonitor {}
