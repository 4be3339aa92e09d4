// Compiles the runtime into one jar: Compile.groovy OUT.jar SOURCE...
import java.nio.file.Files
import java.util.jar.JarOutputStream
import java.util.zip.ZipEntry
import org.codehaus.groovy.control.CompilationUnit
import org.codehaus.groovy.control.CompilerConfiguration

File classes = Files.createTempDirectory('coalmine-runtime').toFile()
CompilerConfiguration configuration = new CompilerConfiguration(targetDirectory: classes, targetBytecode: '1.7')
CompilationUnit unit = new CompilationUnit(configuration)
args.drop(1).each { unit.addSource(new File(it)) }
unit.compile()
new JarOutputStream(new FileOutputStream(args[0])).withCloseable { jar ->
  classes.eachFileRecurse { file ->
    if (!file.file) return
    jar.putNextEntry(new ZipEntry(classes.toPath().relativize(file.toPath()).toString()))
    jar.write(file.bytes)
    jar.closeEntry()
  }
}
classes.deleteDir()
