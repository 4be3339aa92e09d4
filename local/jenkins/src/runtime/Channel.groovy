package coalmine

import groovy.json.JsonOutput
import groovy.transform.CompileStatic

/** The one stream to the controller: a JSON object a line, in order. Log lines are masked before they leave. */
@CompileStatic
class Channel {
  private static PrintStream out
  /** While the process warms up, nothing is told. */
  static volatile boolean muted = false
  static final Secrets secrets = new Secrets()

  /** Takes standard output for frames; whatever else prints there goes to the log. */
  static void open() {
    out = new PrintStream(new BufferedOutputStream(new FileOutputStream(FileDescriptor.out), 1 << 16), false, 'UTF-8')
    System.out = new PrintStream(new LogLines(), true, 'UTF-8')
  }

  static void send(Map frame) {
    if (muted) return
    byte[] bytes = (JsonOutput.toJson(frame) + '\n').getBytes('UTF-8')
    synchronized (out) {
      out.write(bytes, 0, bytes.length)
      out.flush()
    }
  }

  /** Appends text to the build's log, one line or several at once. */
  static void log(Object text) {
    String masked = secrets.mask(String.valueOf(text))
    if (Scope.current()?.timestamps) {
      String stamp = "[${isoNow()}] "
      masked = stamp + masked.replace('\n', '\n' + stamp)
    }
    send([t: 'log', s: masked])
  }

  private static String isoNow() {
    java.time.Instant.now().truncatedTo(java.time.temporal.ChronoUnit.MILLIS).toString()
  }

  @CompileStatic
  private static class LogLines extends OutputStream {
    private final ByteArrayOutputStream line = new ByteArrayOutputStream()

    @Override
    synchronized void write(int b) {
      if (b != 10) {
        line.write(b)
        return
      }
      String text = line.toString('UTF-8')
      line.reset()
      log(text)
    }
  }
}

/** Replaces every known secret, also shell-quoted and in base64, by asterisks; the longest first. */
@CompileStatic
class Secrets {
  private volatile List<String> patterns = []

  synchronized void add(String secret) {
    Set<String> all = new HashSet<String>(patterns)
    for (String line : secret.split('\n')) {
      String part = line.trim()
      if (part.length() < 3) continue
      all.add(part)
      all.add(part.replace("'", "'\\''"))
      all.add(part.replace("'", "'\"'\"'"))
      byte[] bytes = part.getBytes('UTF-8')
      all.add(Base64.encoder.encodeToString(bytes))
      all.add(Base64.encoder.withoutPadding().encodeToString(bytes))
      all.add(Base64.urlEncoder.withoutPadding().encodeToString(bytes))
    }
    patterns = all.toSorted { String a, String b -> b.length() <=> a.length() }
  }

  boolean occurIn(String text) {
    patterns.any { String it -> text.contains(it) }
  }

  /** The largest place, up to one, at which a text may be cut without cutting a secret in two. */
  int safeCut(String text, int place) {
    int cut = place
    for (boolean moved = true; moved && cut > 0;) {
      moved = false
      for (String pattern : patterns) {
        int at = text.indexOf(pattern, Math.max(0, cut - pattern.length() + 1))
        if (at >= 0 && at < cut) {
          cut = at
          moved = true
        }
      }
    }
    cut > 0 ? cut : place
  }

  String mask(String text) {
    String masked = text
    for (String pattern : patterns) if (masked.contains(pattern)) masked = masked.replace(pattern, '****')
    masked
  }
}
