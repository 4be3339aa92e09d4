package coalmine

import groovy.transform.CompileStatic

/** A build that fails with a message for people, without a stack trace. */
@CompileStatic
class AbortException extends Exception {
  AbortException(String message) {
    super(message)
  }
}

/** A build, branch or block that was told to end; carries the result that it then has. */
@CompileStatic
class FlowInterruptedException extends RuntimeException {
  final String result
  /** False for a timeout of one block, which `retry` and `catchError` may survive. */
  final boolean actual

  FlowInterruptedException(String result, String message, boolean actual = true) {
    super(message)
    this.result = result
    this.actual = actual
  }
}

/**
 * Ends what runs below it. Each thread gets a cancellation once, so that `finally` blocks and `post`
 * can still run steps afterwards, and a second abort interrupts those too.
 */
@CompileStatic
class CancelToken {
  private final CancelToken parent
  private volatile FlowInterruptedException cause
  private final Set<Thread> delivered = Collections.newSetFromMap(new java.util.concurrent.ConcurrentHashMap<Thread, Boolean>())
  private final Set<Runnable> listeners = Collections.newSetFromMap(new java.util.concurrent.ConcurrentHashMap<Runnable, Boolean>())

  CancelToken(CancelToken parent = null) {
    this.parent = parent
  }

  void cancel(FlowInterruptedException why) {
    delivered.clear()
    cause = why
    for (Runnable listener : new ArrayList<Runnable>(listeners)) listener.run()
  }

  /** Throws the cancellation if this thread has not had it yet. */
  void check() {
    for (CancelToken token = this; token != null; token = token.parent) {
      FlowInterruptedException why = token.cause
      if (why != null && token.delivered.add(Thread.currentThread())) throw why
    }
  }

  /** A parallel step that ends with a branch's interruption has thereby delivered it. */
  void markDelivered(Throwable why) {
    for (CancelToken token = this; token != null; token = token.parent) {
      if (token.cause != null && token.cause.is(why)) token.delivered.add(Thread.currentThread())
    }
  }

  boolean isPending() {
    for (CancelToken token = this; token != null; token = token.parent) {
      if (token.cause != null && !token.delivered.contains(Thread.currentThread())) return true
    }
    false
  }

  void onCancel(Runnable listener) {
    for (CancelToken token = this; token != null; token = token.parent) token.listeners.add(listener)
  }

  void forget(Runnable listener) {
    for (CancelToken token = this; token != null; token = token.parent) token.listeners.remove(listener)
  }

  /** Waits; a cancellation ends it. */
  void pause(long millis) {
    final Object monitor = new Object()
    Runnable wake = { synchronized (monitor) { monitor.notifyAll() } } as Runnable
    onCancel(wake)
    try {
      long end = System.nanoTime() + millis * 1_000_000L
      synchronized (monitor) {
        for (long left = millis; left > 0 && !isPending(); left = (long) ((end - System.nanoTime()) / 1_000_000L)) monitor.wait(left)
      }
    } finally {
      forget(wake)
    }
    check()
  }
}
