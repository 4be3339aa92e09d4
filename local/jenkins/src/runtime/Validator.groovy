package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.ASTNode
import org.codehaus.groovy.ast.ClassNode
import org.codehaus.groovy.ast.MethodNode
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.expr.VariableExpression
import org.codehaus.groovy.ast.stmt.Statement
import org.codehaus.groovy.classgen.GeneratorContext
import org.codehaus.groovy.control.CompilePhase
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.MultipleCompilationErrorsException
import org.codehaus.groovy.control.SourceUnit
import org.codehaus.groovy.control.customizers.CompilationCustomizer
import org.codehaus.groovy.control.messages.Message
import org.codehaus.groovy.control.messages.SyntaxErrorMessage
import org.codehaus.groovy.syntax.SyntaxException

/** Refuses what Jenkins' Declarative validator refuses, in its words, all errors at once, before anything runs. */
@CompileStatic
class Validator extends CompilationCustomizer {
  private SourceUnit source
  /** True once a pipeline was found. */
  boolean declarative = false

  Validator() {
    super(CompilePhase.CONVERSION)
  }

  @Override
  void call(SourceUnit source, GeneratorContext context, ClassNode type) {
    if (!type.script) return
    this.source = source
    List<Statement> top = source.AST.statementBlock.statements
    List<MethodCallExpression> own = top.collect { Statement it -> Ast.call(it) }
      .findAll { MethodCallExpression it -> it?.methodAsString == 'pipeline' && it.implicitThis } as List<MethodCallExpression>
    // A library's `call` may hold whole pipelines, one of which it runs.
    MethodNode call = source.AST.methods.find { MethodNode it -> it.name == 'call' }
    if (own.size() > 1) error('Only one pipeline { ... } block can be used in a single run', own[1])
    List<MethodCallExpression> pipelines = own ?: (call == null ? [] as List<MethodCallExpression> : Ast.pipelines(call.code))
    declarative = declarative || !pipelines.isEmpty()
    pipelines.each { MethodCallExpression it ->
      new PipelineRules(this).check(it)
      new LazyEnvironment().visitMethodCallExpression(it)
    }
    if (pipelines) return
    top.each { Statement it ->
      Ast.pipelines(it).each { MethodCallExpression nested -> error('pipeline block must be at the top-level, not within another block.', nested) }
    }
  }

  void error(String message, ASTNode node) {
    source.errorCollector.addErrorAndContinue(new SyntaxErrorMessage(
      new SyntaxException(message, node.lineNumber, node.columnNumber, node.lastLineNumber, node.lastColumnNumber), source))
  }

  /** As it stands in the file. */
  String sourceOf(ASTNode node) {
    Ast.source(source, node)
  }

  /** The name of a call; a call on an object is refused, and has none. */
  String nameOf(MethodCallExpression call) {
    if (call.implicitThis && call.methodAsString != null) return call.methodAsString
    boolean onObject = !call.implicitThis && call.objectExpression instanceof VariableExpression
    error(onObject ? 'Method calls on objects not allowed outside "script" blocks.' : 'Expected a symbol', call)
    null
  }

  /** The errors of a Jenkinsfile, as `line`, `column`, `message` and `text` (all of it, as Groovy says it); none if Jenkins would take it. */
  static List<Map> errorsOf(String text) {
    CompilerConfiguration configuration = Main.compiler()
    Validator validator = new Validator()
    configuration.addCompilationCustomizers(validator)
    try {
      new GroovyShell(Main.classLoader, new Binding(), configuration).parse(text, 'WorkflowScript')
    } catch (MultipleCompilationErrorsException failure) {
      return failure.errorCollector.errors.collect { Object it -> describe((Message) it) }
    }
    if (validator.declarative) return []
    String message = "Jenkinsfile content '${text}' did not contain the 'pipeline' step"
    [[line: 1, column: 1, message: message, text: message + '\n']] as List<Map>
  }

  private static Map describe(Message message) {
    StringWriter text = new StringWriter()
    message.write(new PrintWriter(text, true))
    if (!(message instanceof SyntaxErrorMessage)) return [line: 1, column: 1, message: text.toString(), text: text.toString()]
    SyntaxException cause = ((SyntaxErrorMessage) message).cause
    [line: cause.line, column: cause.startColumn, message: cause.originalMessage, text: text.toString()]
  }
}
