package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.ClassCodeVisitorSupport
import org.codehaus.groovy.ast.ClassNode
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.classgen.GeneratorContext
import org.codehaus.groovy.control.CompilePhase
import org.codehaus.groovy.control.SourceUnit
import org.codehaus.groovy.control.customizers.CompilationCustomizer

/** Groovy gives every object a `sleep(ms)`, closures too: a bare `sleep 5` must be the step, which counts seconds. */
@CompileStatic
class SleepStep extends CompilationCustomizer {
  static final String NAME = 'sleepStep'

  SleepStep() {
    super(CompilePhase.SEMANTIC_ANALYSIS)
  }

  @Override
  void call(SourceUnit source, GeneratorContext context, ClassNode type) {
    if (!type.script) return
    new Renamer(source).visitClass(type)
  }

  @CompileStatic
  private static class Renamer extends ClassCodeVisitorSupport {
    private final SourceUnit source

    Renamer(SourceUnit source) {
      this.source = source
    }

    @Override
    void visitMethodCallExpression(MethodCallExpression call) {
      super.visitMethodCallExpression(call)
      if (!call.implicitThis || call.methodAsString != 'sleep') return
      ConstantExpression name = new ConstantExpression(NAME)
      name.sourcePosition = call.method
      call.method = name
    }

    @Override
    protected SourceUnit getSourceUnit() { source }
  }
}
