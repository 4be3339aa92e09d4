// Finds the jars of Jenkins' CPS transformation in a folder of plugins, and runs cps-cases.groovy with them:
// cps.groovy PLUGINS CASES.json VARS. The plugins may be packed (.jpi, .hpi) or, as in a running Jenkins, unpacked.
import java.util.zip.ZipFile

File plugins = new File(args[0])
// Beside the cases, in a folder that whoever wrote them removes.
File unpacked = new File(args[1]).parentFile
List jars = []
['workflow-cps', 'script-security'].each { id ->
  File folder = new File(plugins, "${id}/WEB-INF/lib")
  if (folder.directory) jars.addAll(folder.listFiles().findAll { it.name.endsWith('.jar') })
  File packed = ['jpi', 'hpi'].collect { new File(plugins, "${id}.${it}") }.find { it.file }
  if (folder.directory || !packed) return
  new ZipFile(packed).withCloseable { zip ->
    zip.entries().findAll { it.name ==~ 'WEB-INF/lib/.*\\.jar' }.each { entry ->
      File jar = new File(unpacked, entry.name.tokenize('/').last())
      zip.getInputStream(entry).withCloseable { input -> jar.bytes = input.bytes }
      jars << jar
    }
  }
}
// Guava comes with Jenkins itself, or with Debian's groovy.
jars.addAll((new File(plugins, '../war/WEB-INF/lib').listFiles() ?: []).findAll { it.name ==~ 'guava-.*\\.jar' })
jars << new File('/usr/share/java/guava.jar')
if (!jars.any { it.name.startsWith('groovy-cps') }) {
  System.err.println("${plugins} has no workflow-cps plugin with groovy-cps in it")
  System.exit(2)
}
GroovyClassLoader loader = new GroovyClassLoader()
jars.findAll { it.file }.each { loader.addURL(it.toURI().toURL()) }
File here = new File(getClass().protectionDomain.codeSource.location.toURI()).parentFile
new GroovyShell(loader).run(new File(here, 'cps-cases.groovy'), args.drop(1) as String[])
