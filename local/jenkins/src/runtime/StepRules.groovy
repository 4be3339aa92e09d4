package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.ASTNode
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.MapEntryExpression
import org.codehaus.groovy.ast.expr.MapExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.stmt.Statement

/** What may stand among steps: calls of steps, with parameters that they have and of the type they take. */
@CompileStatic
class StepRules {
  private static final List<String> POST = ['always', 'changed', 'fixed', 'regression', 'aborted', 'success', 'unsuccessful', 'unstable',
                                            'failure', 'notBuilt', 'cleanup']
  private static final Map<String, String> BLOCKED = [
    stage: 'The stage step cannot be used in Declarative Pipelines',
    properties: 'The properties step cannot be used in Declarative Pipelines',
    parallel: 'The parallel step can only be used as the only top-level step in a stage\'s step block',
  ]
  private final Validator validator

  StepRules(Validator validator) {
    this.validator = validator
  }

  /** `steps {}` of a stage: steps, or one `parallel` of named branches. */
  void stage(Statement section, Statement stage) {
    ClosureExpression block = Ast.block(Ast.call(section))
    if (block == null) {
      validator.error('Expected a block for steps', stage)
      return
    }
    List<Statement> all = Ast.statements(block)
    MethodCallExpression only = all.size() == 1 ? Ast.call(all.first()) : null
    if (only?.methodAsString == 'parallel' && only.implicitThis) branches(only)
    else branch(block)
  }

  private void branches(MethodCallExpression parallel) {
    Ast.named(parallel).each { String name, MapEntryExpression entry ->
      Expression value = entry.valueExpression
      boolean literal = value instanceof ConstantExpression && ((ConstantExpression) value).value instanceof Boolean
      if (name == 'failFast') {
        if (!literal) validator.error('Expected a boolean with failFast', entry.keyExpression)
      } else if (value instanceof ClosureExpression) branch((ClosureExpression) value)
      else validator.error('Expected closure or failFast', entry.keyExpression)
    }
  }

  /** Steps one after the other, at least one. */
  void branch(ClosureExpression block) {
    List<Statement> all = Ast.statements(block)
    if (all.isEmpty()) validator.error('No steps specified for branch', block)
    all.each { Statement it -> step(it) }
  }

  /** `post {}`: conditions, each once, each with steps. */
  void post(Statement section) {
    ClosureExpression block = Ast.block(Ast.call(section))
    if (block == null) {
      validator.error('Expected a block', section)
      return
    }
    List<String> names = []
    for (Statement statement : Ast.statements(block)) {
      MethodCallExpression call = Ast.call(statement)
      ClosureExpression body = call == null ? null : Ast.block(call)
      if (body == null) {
        validator.error("The ‘post’ section can only contain build condition names with code blocks. Valid condition names are ${POST}", statement)
        continue
      }
      String name = validator.nameOf(call)
      if (name == null) continue
      names << name
      if (!(name in POST)) validator.error("Invalid condition \"${name}\" - valid conditions are ${POST}", statement)
      branch(body)
    }
    if (names.isEmpty()) validator.error('post can not be empty', section)
    names.findAll { String it -> names.count(it) > 1 }.unique().each { String it -> validator.error("Duplicate build condition name: \"${it}\"", section) }
  }

  private void step(Statement statement) {
    MethodCallExpression call = Ast.call(statement)
    if (call == null) {
      validator.error('Expected a step', statement)
      return
    }
    String name = validator.nameOf(call)
    if (name == null) return
    ClosureExpression block = Ast.block(call)
    if (name == 'script') {
      if (block == null) validator.error('Script step without a block', statement)
      return
    }
    if (BLOCKED.containsKey(name)) validator.error("Invalid step \"${name}\" used - not allowed in this context - ${BLOCKED[name]}", statement)
    Step known = Steps.ALL[name]
    if (known != null && name != 'parallel') arguments(call, statement, known)
    if (block != null) Ast.statements(block).each { Statement it -> step(it) }
  }

  /** The arguments of a call against the parameters it has; also for options, parameters and conditions of `when`. */
  void arguments(MethodCallExpression call, ASTNode at, Step step) {
    List<Expression> given = Ast.arguments(call).findAll { Expression it -> !(it instanceof ClosureExpression) }
    boolean named = given.isEmpty() || given.size() == 1 && given.first() instanceof MapExpression
    if (named && Ast.named(call).containsKey('$class')) return
    if (named) namedArguments(Ast.named(call), at, step)
    else if (given.size() > 1) {
      if (given.any { Expression it -> it instanceof MapExpression }) validator.error('Cannot mix named and unnamed arguments', at)
      else if (given.size() != step.required.size()) {
        validator.error("\"${step.name}\" should have ${step.required.size()} arguments but has ${given.size()} arguments instead.", at)
      }
    } else if (step.sole == null) {
      if (!step.block) validator.error('Step does not take a single required parameter - use named parameters instead', at)
    } else type(step, step.sole, given.first(), step.block)
  }

  private void namedArguments(Map<String, MapEntryExpression> given, ASTNode at, Step step) {
    boolean valid = true
    given.each { String name, MapEntryExpression entry ->
      // The only required parameter may be a thing with parameters of its own: `recordIssues tool: …`.
      if (!(name in step.parameters)) {
        String close = step.parameters.min { String it -> distance(it, name) }
        validator.error("Invalid parameter \"${name}\", did you mean \"${close}\"?", entry.keyExpression)
        valid = false
      } else type(step, name, entry.valueExpression, true)
    }
    if (!valid) return
    step.required.each { String it -> if (!given.containsKey(it)) validator.error("Missing required parameter: \"${it}\"", at) }
  }

  private void type(Step step, String name, Expression expression, boolean named) {
    if (!(expression instanceof ConstantExpression)) return
    Object value = ((ConstantExpression) expression).value
    String type = step.types[name]
    boolean wrong = type == 'int' && (value instanceof String || value instanceof Boolean) ||
      type == 'boolean' && !(value instanceof Boolean) || type == 'class java.lang.String' && (value instanceof Integer || value instanceof Boolean)
    if (!wrong) return
    String got = "got \"${value}\" of type ${value.class} instead"
    validator.error(named ? "Expecting \"${type}\" for parameter \"${name}\" but ${got}" : "Expecting \"${type}\" but ${got}", expression)
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
