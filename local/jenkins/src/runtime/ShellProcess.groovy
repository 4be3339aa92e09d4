package coalmine

import groovy.transform.CompileStatic
import java.util.concurrent.TimeUnit

/** A process in a session of its own, so that an abort ends all that it started. */
@CompileStatic
class ShellProcess {
  private static final Set<ShellProcess> LIVE = Collections.newSetFromMap(new java.util.concurrent.ConcurrentHashMap<ShellProcess, Boolean>())
  private static final long GRACE_SECONDS = Long.parseLong(System.getProperty('coalmine.grace', '20'))
  private static final int LONGEST = 1 << 16
  private static final int NEW_LINE = 10
  private static final int RETURN = 13
  private final Process process
  private volatile long lastOutput = System.nanoTime()
  private volatile boolean closed = false

  private ShellProcess(Process process) {
    this.process = process
  }

  /** Starts a command; each line of output goes to `onLine`, or with `captureInto` standard output goes there as it is. */
  static int run(List<String> command, String directory, Map<String, String> env, StringBuilder captureInto) {
    CancelToken token = Scope.current().token
    token.check()
    List<String> all = new ArrayList<String>(['setsid'])
    all.addAll(command)
    ProcessBuilder builder = new ProcessBuilder(all)
    builder.directory(new File(directory))
    builder.environment().clear()
    builder.environment().putAll(env)
    builder.redirectInput(ProcessBuilder.Redirect.from(new File('/dev/null')))
    if (captureInto == null) builder.redirectErrorStream(true)
    ShellProcess shell = new ShellProcess(builder.start())
    LIVE.add(shell)
    try {
      return shell.await(token, captureInto)
    } finally {
      LIVE.remove(shell)
    }
  }

  static void killAll() {
    for (ShellProcess shell : LIVE) shell.signal('KILL')
  }

  private int await(CancelToken token, StringBuilder captureInto) {
    Thread output = captureInto == null ? reader(process.inputStream, null) : reader(process.inputStream, captureInto)
    Thread errors = captureInto == null ? null : reader(process.errorStream, null)
    Runnable onCancel = { interrupt() } as Runnable
    token.onCancel(onCancel)
    try {
      if (token.pending) interrupt()
      int code = process.waitFor()
      drain(output)
      if (errors != null) drain(errors)
      closed = true
      if (token.pending) Channel.log("script returned exit code ${code}")
      token.check()
      return code
    } finally {
      token.forget(onCancel)
    }
  }

  // A process left in the background keeps the pipe open: wait for silence, not for its end.
  private void drain(Thread thread) {
    lastOutput = System.nanoTime()
    while (thread.alive && System.nanoTime() - lastOutput < 200_000_000L) thread.join(20)
  }

  private Thread reader(InputStream stream, StringBuilder captureInto) {
    Thread thread = new Thread({
      try {
        if (captureInto == null) logLines(stream) else capture(stream, captureInto)
      } catch (IOException ignored) {
        // The pipe was closed under us: the process is gone.
      }
    } as Runnable)
    thread.daemon = true
    thread.start()
    thread
  }

  // All lines that have come go to the log at once; one without an end must not fill the memory, and is logged in parts.
  private void logLines(InputStream stream) {
    InputStreamReader text = new InputStreamReader(stream, 'UTF-8')
    StringBuilder line = new StringBuilder()
    char[] buffer = new char[1 << 15]
    for (int n = text.read(buffer); n >= 0; n = text.read(buffer)) {
      if (closed) return
      lastOutput = System.nanoTime()
      StringBuilder lines = new StringBuilder()
      int from = 0
      for (int at = 0; at < n; at++) {
        if ((int) buffer[at] != NEW_LINE) continue
        line.append(buffer, from, at - from)
        lines.append(withoutReturn(line)).append('\n')
        line.setLength(0)
        from = at + 1
      }
      line.append(buffer, from, n - from)
      if (lines.length() > 0) Channel.log(lines.substring(0, lines.length() - 1))
      if (line.length() > LONGEST) {
        int cut = Channel.secrets.safeCut(line.toString(), LONGEST.intdiv(2) as int)
        Channel.log(line.substring(0, cut))
        line.delete(0, cut)
      }
    }
    if (line.length() > 0) Channel.log(withoutReturn(line))
  }

  private static String withoutReturn(StringBuilder line) {
    int length = line.length()
    length > 0 && (int) line.charAt(length - 1) == RETURN ? line.substring(0, length - 1) : line.toString()
  }

  private void capture(InputStream stream, StringBuilder into) {
    InputStreamReader text = new InputStreamReader(stream, 'UTF-8')
    char[] buffer = new char[8192]
    for (int n = text.read(buffer); n >= 0; n = text.read(buffer)) {
      if (closed) return
      lastOutput = System.nanoTime()
      into.append(buffer, 0, n)
    }
  }

  private void interrupt() {
    Channel.log('Sending interrupt signal to process')
    signal('TERM')
    Thread thread = new Thread({
      if (process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
        signal('KILL')
        return
      }
      Channel.log("After ${GRACE_SECONDS}s process did not stop")
      signal('KILL')
    } as Runnable)
    thread.daemon = true
    thread.start()
  }

  private void signal(String name) {
    new ProcessBuilder('kill', '-' + name, '--', '-' + process.pid()).redirectErrorStream(true).start().waitFor()
  }
}
