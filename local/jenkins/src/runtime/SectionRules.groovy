package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.expr.BinaryExpression
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.DeclarationExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.GStringExpression
import org.codehaus.groovy.ast.expr.MapEntryExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.stmt.EmptyStatement
import org.codehaus.groovy.ast.stmt.Statement

/** What may stand in steps, post, when, environment, options and parameters. */
@CompileStatic
class SectionRules {
  private static final List<String> POST = ['aborted', 'always', 'changed', 'cleanup', 'failure', 'fixed', 'notBuilt', 'regression', 'success',
                                            'unstable', 'unsuccessful']
  private static final List<String> WHEN = ['allOf', 'anyOf', 'branch', 'buildingTag', 'changeRequest', 'changelog', 'changeset',
                                            'environment', 'equals', 'expression', 'isRestartedRun', 'not', 'tag', 'triggeredBy']
  private static final Map<String, String> BLOCKED = [
    stage: 'The stage step cannot be used in Declarative Pipelines',
    properties: 'The properties step cannot be used in Declarative Pipelines',
    parallel: 'The parallel step can only be used as the only top-level step in a stage\'s step block',
  ]
  private static final List<String> WITH_STEPS = ['dir', 'withEnv', 'withCredentials', 'timeout', 'retry', 'catchError', 'warnError',
                                                  'timestamps', 'ansiColor', 'lock', 'node', 'waitUntil']
  private final Validator validator

  SectionRules(Validator validator) {
    this.validator = validator
  }

  void steps(MethodCallExpression section) {
    ClosureExpression block = Ast.block(section)
    if (block == null) {
      validator.error("Expected a block for ${section.methodAsString}", section)
      return
    }
    List<Statement> all = Ast.statements(block).findAll { Statement it -> !(it instanceof EmptyStatement) }
    if (all.isEmpty() && section.methodAsString == 'steps') validator.error('No steps specified for branch', section)
    for (Statement statement : all) step(statement, all.size())
  }

  private void step(Statement statement, int siblings) {
    MethodCallExpression call = Ast.call(statement)
    if (call == null) {
      validator.error('Expected a step', statement)
      return
    }
    String name = call.methodAsString
    if (!call.implicitThis) {
      // A method of a library's variable (`notify.slack()`) is a step; a method of anything else is not.
      if (!(call.objectExpression instanceof org.codehaus.groovy.ast.expr.VariableExpression)) {
        validator.error('Method calls on objects not allowed outside "script" blocks.', statement)
      } else if (call.objectExpression.text in ['env', 'params', 'currentBuild', 'scm', 'this']) {
        validator.error('Method calls on objects not allowed outside "script" blocks.', statement)
      }
      return
    }
    if (BLOCKED.containsKey(name) && !(name == 'parallel' && siblings == 1)) {
      validator.error("Invalid step \"${name}\" used - not allowed in this context - ${BLOCKED[name]}", statement)
    }
    parameters(call)
    if (name in WITH_STEPS && Ast.block(call) != null) steps(call)
  }

  private void parameters(MethodCallExpression call) {
    Step step = Steps.ALL[call.methodAsString]
    if (step == null) return
    Ast.named(call).each { String name, MapEntryExpression entry ->
      if (name in step.parameters) return
      String close = step.parameters.min { String it -> distance(it, name) }
      validator.error(close == null ? "Invalid parameter \"${name}\"" : "Invalid parameter \"${name}\", did you mean \"${close}\"?", entry.keyExpression)
    }
  }

  void post(MethodCallExpression section) {
    ClosureExpression block = Ast.block(section)
    if (block == null || Ast.statements(block).isEmpty()) {
      validator.error('Cannot have empty post section: add at least one condition', section)
      return
    }
    Set<String> seen = new HashSet<String>()
    for (Statement statement : Ast.statements(block)) {
      MethodCallExpression call = Ast.call(statement)
      String name = call?.methodAsString
      if (call != null && !call.implicitThis) validator.error('Method calls on objects not allowed outside "script" blocks.', statement)
      else if (name == null || !(name in POST)) validator.error("Invalid condition \"${name ?: statement.text}\" - valid conditions are ${POST}", statement)
      else if (!seen.add(name)) validator.error("Duplicate build condition name: \"${name}\"", statement)
      else steps(call)
    }
  }

  void when(MethodCallExpression section) {
    ClosureExpression block = Ast.block(section)
    List<Statement> all = block == null ? [] : Ast.statements(block)
    if (all.isEmpty()) validator.error('Empty when closure, remove the property or add some content.', section)
    for (Statement statement : all) {
      MethodCallExpression call = Ast.call(statement)
      String name = call?.methodAsString
      if (name in ['beforeAgent', 'beforeInput', 'beforeOptions']) continue
      if (name == null || !(name in WHEN)) validator.error("Unknown conditional ${name ?: Ast.expression(statement)?.text}. Valid conditionals are: ${WHEN.join(', ')}", statement)
      else if (name in ['not', 'anyOf', 'allOf']) nested(call)
    }
  }

  private void nested(MethodCallExpression call) {
    ClosureExpression block = Ast.block(call)
    int count = block == null ? 0 : Ast.statements(block).size()
    if (call.methodAsString == 'not' && count != 1) validator.error('Exactly one nested condition required for "not"', call)
    else when(call)
  }

  void environment(MethodCallExpression section) {
    ClosureExpression block = Ast.block(section)
    if (block == null || Ast.statements(block).isEmpty()) {
      validator.error('No variables specified for environment', section)
      return
    }
    for (Statement statement : Ast.statements(block)) {
      Expression expression = Ast.expression(statement)
      if (!(expression instanceof BinaryExpression) || expression instanceof DeclarationExpression || ((BinaryExpression) expression).operation.text != '=') {
        validator.error('Expected name=value pairs', statement)
      } else value(((BinaryExpression) expression).rightExpression)
    }
  }

  private void value(Expression expression) {
    if (expression instanceof ConstantExpression && !(((ConstantExpression) expression).value instanceof Boolean)) return
    if (expression instanceof GStringExpression || expression instanceof MethodCallExpression) return
    if (expression instanceof BinaryExpression && ((BinaryExpression) expression).operation.text == '+') {
      value(((BinaryExpression) expression).leftExpression)
      value(((BinaryExpression) expression).rightExpression)
    } else if (expression instanceof BinaryExpression || expression instanceof ConstantExpression || expression instanceof ClosureExpression) {
      validator.error('Environment variable values must either be single quoted, double quoted, or function calls.', expression)
    }
  }

  void calls(MethodCallExpression section, List<String> known, String what) {
    ClosureExpression block = Ast.block(section)
    if (block == null || Ast.statements(block).isEmpty()) {
      validator.error("Cannot have empty ${section.methodAsString} section", section)
      return
    }
    Set<String> seen = new HashSet<String>()
    for (Statement statement : Ast.statements(block)) {
      MethodCallExpression call = Ast.call(statement)
      String name = call?.methodAsString ?: Ast.expression(statement)?.text
      if (!(name in known)) validator.error("Invalid ${what} \"${name}\". Valid ${what}s: ${known}", statement)
      else if (what == 'option type' && !seen.add(name)) validator.error("Duplicate option name: \"${name}\"", statement)
    }
  }

  private static int distance(String a, String b) {
    int[] row = (0..b.length()) as int[]
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0]
      row[0] = i
      for (int j = 1; j <= b.length(); j++) {
        int before = row[j]
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1
        row[j] = Math.min(Math.min(row[j] + 1, row[j - 1] + 1), diagonal + change)
        diagonal = before
      }
    }
    row[b.length()]
  }
}
