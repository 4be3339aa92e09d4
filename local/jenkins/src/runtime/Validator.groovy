package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.ASTNode
import org.codehaus.groovy.ast.ClassNode
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.stmt.Statement
import org.codehaus.groovy.classgen.GeneratorContext
import org.codehaus.groovy.control.CompilePhase
import org.codehaus.groovy.control.CompilerConfiguration
import org.codehaus.groovy.control.MultipleCompilationErrorsException
import org.codehaus.groovy.control.SourceUnit
import org.codehaus.groovy.control.customizers.CompilationCustomizer
import org.codehaus.groovy.control.messages.SyntaxErrorMessage
import org.codehaus.groovy.syntax.SyntaxException

/** Refuses what Jenkins' Declarative validator refuses, in its words, all errors at once, before anything runs. */
@CompileStatic
class Validator extends CompilationCustomizer {
  private SourceUnit source

  Validator() {
    super(CompilePhase.CONVERSION)
  }

  @Override
  void call(SourceUnit source, GeneratorContext context, ClassNode type) {
    if (!type.script) return
    this.source = source
    List<Statement> pipelines = source.AST.statementBlock.statements.findAll { Statement it -> Ast.call(it)?.methodAsString == 'pipeline' }
    if (pipelines.size() > 1) error('Only one pipeline { ... } block can be used in a single run', pipelines[1])
    if (pipelines) {
      new PipelineRules(this).check(pipelines.first())
      pipelines.first().visit(new LazyEnvironment())
    } else if (source.AST.statementBlock.statements.any { Statement it -> Ast.nestsPipeline(it) }) {
      error('pipeline block must be at the top-level, not within another block.', source.AST.statementBlock.statements.first())
    }
  }

  void error(String message, ASTNode node) {
    source.errorCollector.addErrorAndContinue(new SyntaxErrorMessage(
      new SyntaxException(message, node.lineNumber, node.columnNumber, node.lastLineNumber, node.lastColumnNumber), source))
  }

  /** The errors of a Jenkinsfile, as `line`, `column`, `message`; none if Jenkins would take it. */
  static List<Map> errorsOf(String text) {
    CompilerConfiguration configuration = Main.compiler()
    configuration.addCompilationCustomizers(new Validator())
    try {
      new GroovyShell(Main.classLoader, new Binding(), configuration).parse(text, 'WorkflowScript')
      if (!(text =~ /(?m)^\s*pipeline\s*[({]/)) return [[line: 1, column: 1, message: 'did not contain the \'pipeline\' step']] as List<Map>
      return []
    } catch (MultipleCompilationErrorsException failure) {
      return failure.errorCollector.errors.collect { Object it -> describe(it) }
    }
  }

  private static Map describe(Object message) {
    if (!(message instanceof SyntaxErrorMessage)) return [line: 1, column: 1, message: message.toString()]
    SyntaxException cause = ((SyntaxErrorMessage) message).cause
    [line: cause.line, column: cause.startColumn, message: cause.originalMessage]
  }
}
