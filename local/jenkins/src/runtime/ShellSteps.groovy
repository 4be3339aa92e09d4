package coalmine

class ShellSteps {
  static void register() {
    Steps.define('sh', ['script!:text', 'returnStdout:boolean', 'returnStatus:boolean', 'label:text', 'encoding:text']) { Map given -> sh(given) }
    Steps.define('echo', ['message!:text']) { Map given -> Channel.log(given.message) }
    Steps.define('error', ['message!:text']) { Map given -> throw new AbortException(String.valueOf(given.message)) }
    Steps.define('isUnix', []) { Map given -> true }
    Steps.define('tool', ['name!', 'type']) { Map given ->
      Channel.log("Tool ${given.name}: taken from the PATH")
      ''
    }
  }

  private static Object sh(Map given) {
    String directory = Build.directory()
    if (given.script == null) throw new AbortException('Missing required parameter: "script"')
    if (given.returnStdout && given.returnStatus) throw new AbortException("you can't provide both returnStdout and returnStatus")
    new File(directory).mkdirs()
    File home = new File(Build.config.temporary as String, "durable-${Long.toHexString(new Random().nextLong())}")
    home.mkdirs()
    File file = new File(home, 'script.sh')
    try {
      String script = given.script
      file.setText(script, 'UTF-8')
      boolean interpreter = script.startsWith('#!')
      if (interpreter) file.setExecutable(true)
      StringBuilder captured = given.returnStdout ? new StringBuilder() : null
      List<String> command = interpreter ? [file.path] : ['sh', '-xe', file.path]
      int code = ShellProcess.run(command, directory, Build.environment() + [PWD: directory], captured)
      if (given.returnStatus) return code
      if (code != 0) throw new AbortException("script returned exit code ${code}")
      return captured?.toString()
    } finally {
      file.delete()
      home.delete()
    }
  }
}
