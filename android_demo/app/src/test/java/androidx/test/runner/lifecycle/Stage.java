package androidx.test.runner.lifecycle;

/** A name that Robolectric looks for; the library that has it is not on Maven Central. */
public enum Stage {
  PRE_ON_CREATE, CREATED, STARTED, RESUMED, PAUSED, STOPPED, RESTARTED, DESTROYED
}
