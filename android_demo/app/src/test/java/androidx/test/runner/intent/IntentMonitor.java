package androidx.test.runner.intent;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public interface IntentMonitor {}
