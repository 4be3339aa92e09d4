package coalmine

import groovy.json.JsonOutput
import groovy.json.JsonSlurperClassic
import java.nio.file.Files
import java.nio.file.StandardCopyOption

class FileSteps {
  static void register() {
    Steps.define('dir', ['path!:text'], true) { Map given, Closure body -> dir(given.path as String, body) }
    Steps.define('pwd', ['tmp:boolean']) { Map given -> given.tmp ? Build.config.temporary : Build.directory() }
    Steps.define('deleteDir', []) { Map given -> emptyDirectory(new File(Build.directory())) }
    Steps.define('cleanWs', ['deleteDirs', 'notFailBuild', 'patterns']) { Map given -> emptyDirectory(new File(Build.directory())) }
    Steps.define('fileExists', ['file!:text']) { Map given -> at(given.file).exists() }
    Steps.define('readFile', ['file!:text', 'encoding']) { Map given -> readFile(given) }
    Steps.define('writeFile', ['file!:text', 'text!:text', 'encoding']) { Map given -> writeFile(given) }
    Steps.define('libraryResource', ['resource!:text', 'encoding']) { Map given -> libraryResource(given) }
    Steps.define('stash', ['name!:text', 'includes', 'excludes', 'allowEmpty:boolean', 'useDefaultExcludes:boolean']) { Map given -> stash(given) }
    Steps.define('unstash', ['name!:text']) { Map given -> unstash(given.name as String) }
    Steps.define('readJSON', ['file', 'text', 'returnPojo']) { Map given ->
      new JsonSlurperClassic().parseText(given.text as String ?: at(given.file).getText('UTF-8'))
    }
    Steps.define('writeJSON', ['file', 'json', 'pretty', 'returnText']) { Map given ->
      String text = JsonOutput.toJson(given.json)
      if (given.pretty) text = JsonOutput.prettyPrint(text)
      if (given.returnText) return text
      writeFile([file: given.file, text: text])
    }
    Steps.define('findFiles', ['glob', 'excludes']) { Map given ->
      File root = new File(Build.directory())
      Glob.find(root, given.glob ? given.glob as String : '**').collect {
        File file = new File(root, it)
        [name: file.name, path: it, directory: false, length: file.length(), lastModified: file.lastModified()]
      }
    }
    Steps.define('load', ['path!:text']) { Map given ->
      Script script = new GroovyShell(Build.loader, new Binding(), Main.compiler()).parse(at(given.path))
      script.run()
    }
  }

  static File at(Object path) {
    File file = new File(path as String)
    file.absolute ? file : new File(Build.directory(), path as String)
  }

  private static Object dir(String path, Closure body) {
    Scope scope = Scope.current().derive()
    scope.directory = at(path).toPath().normalize().toString()
    Channel.log('[Pipeline] dir')
    Channel.log("Running in ${scope.directory}")
    new File(scope.directory).mkdirs()
    Steps.inBraces('dir', scope, body)
  }

  private static String readFile(Map given) {
    File file = at(given.file)
    if (!file.file) throw new java.nio.file.NoSuchFileException(file.path)
    given.encoding == 'Base64' ? file.bytes.encodeBase64().toString() : file.getText((given.encoding ?: 'UTF-8') as String)
  }

  static Object writeFile(Map given) {
    File file = at(given.file)
    file.parentFile.mkdirs()
    if (given.encoding == 'Base64') file.bytes = (given.text as String).decodeBase64()
    else file.setText(given.text as String, (given.encoding ?: 'UTF-8') as String)
    null
  }

  private static String libraryResource(Map given) {
    File file = new File("${Build.config.library}/resources/${given.resource}")
    if (!file.file) throw new AbortException("No such library resource ${given.resource} could be found.")
    given.encoding == 'Base64' ? file.bytes.encodeBase64().toString() : file.getText((given.encoding ?: 'UTF-8') as String)
  }

  private static Object stash(Map given) {
    File root = new File(Build.directory())
    List<String> files = Glob.find(root, (given.includes ?: '**') as String, given.excludes as String)
    if (!files && !given.allowEmpty) throw new AbortException("No files included in stash ‘${given.name}’")
    copy(files, root, new File("${Build.config.directory}/stashes/${given.name}"))
    Channel.log("Stashed ${files.size()} file(s)")
    null
  }

  private static Object unstash(String name) {
    File source = new File("${Build.config.directory}/stashes/${name}")
    if (!source.directory) throw new AbortException("No such saved stash ‘${name}’")
    copy(Glob.find(source, '**'), source, new File(Build.directory()))
    null
  }

  static void copy(List<String> files, File from, File to) {
    to.mkdirs()
    files.each {
      File target = new File(to, it)
      target.parentFile.mkdirs()
      Files.copy(new File(from, it).toPath(), target.toPath(), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES)
    }
  }

  private static Object emptyDirectory(File directory) {
    directory.listFiles()?.each { it.directory && !Files.isSymbolicLink(it.toPath()) ? it.deleteDir() : it.delete() }
    null
  }
}

/** Ant's patterns: comma-separated, `**` over directories, a trailing slash means all below. */
class Glob {
  static List<String> find(File root, String includes, String excludes = null) {
    List<String> wanted = patterns(includes)
    List<String> refused = patterns(excludes)
    List<String> found = []
    walk(root, '', wanted.any { it.contains('node_modules') }, found)
    found.findAll { path -> wanted.any { matches(it, path) } && !refused.any { matches(it, path) } }.sort()
  }

  static boolean matches(String pattern, String path) {
    String glob = pattern.startsWith('./') ? pattern.substring(2) : pattern
    if (glob.endsWith('/')) glob += '**'
    StringBuilder regex = new StringBuilder()
    for (int i = 0; i < glob.length(); i++) {
      if (glob.startsWith('**/', i)) { regex << '(?:[^/]+/)*'; i += 2 }
      else if (glob.startsWith('/**', i) && i + 3 == glob.length()) { regex << '(?:/.*)?'; i += 2 }
      else if (glob.startsWith('**', i)) { regex << '.*'; i += 1 }
      else if (glob.charAt(i) == ('*' as char)) regex << '[^/]*'
      else if (glob.charAt(i) == ('?' as char)) regex << '[^/]'
      else regex << java.util.regex.Pattern.quote(glob.charAt(i).toString())
    }
    path ==~ regex.toString()
  }

  private static List<String> patterns(String list) {
    list ? list.split(/[,\n]/)*.trim().findAll { it } : []
  }

  // node_modules holds ten thousand files that no pattern means unless it says so.
  private static void walk(File directory, String prefix, boolean modules, List<String> found) {
    for (File file : directory.listFiles()) {
      String path = prefix + file.name
      if (!file.directory) found << path
      else if (file.name != '.git' && (modules || file.name != 'node_modules') && !Files.isSymbolicLink(file.toPath())) {
        walk(file, path + '/', modules, found)
      }
    }
  }
}
