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

/**
 * Every object, and so every closure, has a `sleep(ms)` and an `equals`, which would answer before step and condition do:
 * a bare `sleep 5` must be the step, which counts seconds, and `equals expected: …` the condition.
 */
@CompileStatic
class ShadowedNames extends CompilationCustomizer {
  static final Map<String, String> NAMES = [sleep: 'sleepStep', equals: 'equalsCondition']

  /** The name that was written. */
  static String written(String name) {
    name == 'sleepStep' ? 'sleep' : name
  }

  ShadowedNames() {
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
      String other = call.implicitThis ? NAMES[call.methodAsString] : null
      if (other == null || call.methodAsString == 'equals' && Ast.named(call).isEmpty()) return
      ConstantExpression name = new ConstantExpression(other)
      name.sourcePosition = call.method
      call.method = name
    }

    @Override
    protected SourceUnit getSourceUnit() { source }
  }
}
