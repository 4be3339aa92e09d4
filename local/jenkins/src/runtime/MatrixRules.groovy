package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.stmt.Statement

/** `matrix {}`: axes with a name and values, excludes, and the sections of a cell. */
@CompileStatic
class MatrixRules {
  private static final List<String> MATRIX = ['axes', 'excludes', 'stages', 'agent', 'environment', 'options', 'tools', 'when', 'input', 'post']
  private final Validator validator
  private final SectionRules sections

  MatrixRules(Validator validator) {
    this.validator = validator
    this.sections = new SectionRules(validator)
  }

  /** Checks all but the stages, which it returns; null when there are none. */
  Statement check(Statement matrix) {
    if (Ast.block(Ast.call(matrix)) == null) {
      validator.error('Expected a block for matrix', matrix)
      return null
    }
    Map<String, Statement> found = [:]
    for (Statement statement : Ast.statements(Ast.block(Ast.call(matrix)))) {
      MethodCallExpression call = Ast.call(statement)
      String name = call == null ? null : validator.nameOf(call)
      if (call == null) validator.error("Not a valid matrix section definition: \"${validator.sourceOf(statement)}\". Some extra configuration is required.", matrix)
      else if (name != null && found.containsKey(name)) validator.error("Multiple occurrences of the ${name} section", matrix)
      else if (name != null && !(name in MATRIX)) validator.error("Unknown matrix section \"${name}\".", matrix)
      else if (name != null) found[name] = statement
    }
    ['axes', 'stages'].each { String it -> if (!found.containsKey(it)) validator.error("Missing required section \"${it}\"", matrix) }
    found.each { String name, Statement it ->
      if (name == 'axes') axes(it, false)
      else if (name == 'excludes') excludes(it)
      else if (name != 'stages') sections.check(name, it, true)
    }
    found.stages
  }

  private void excludes(Statement section) {
    List<Statement> all = block(section, 'excludes')
    if (all != null && all.isEmpty()) validator.error('No excludes specified', section)
    all?.each { Statement it ->
      if (Ast.call(it)?.methodAsString == 'exclude') axes(it, true)
      else validator.error('Expected an exclude', it)
    }
  }

  private void axes(Statement section, boolean excluded) {
    List<Statement> all = block(section, excluded ? 'exclude' : 'axes')
    if (all == null) return
    if (all.isEmpty()) validator.error('No axes specified', section)
    Set<String> names = new HashSet<String>()
    for (Statement statement : all) {
      MethodCallExpression call = Ast.call(statement)
      if (call?.methodAsString != 'axis' || Ast.block(call) == null) {
        validator.error('Expected an axis', statement)
        continue
      }
      String name = axis(statement, excluded)
      if (name != null && !names.add(name)) validator.error("Duplicate axis name: \"${name}\"", statement)
    }
  }

  private String axis(Statement axis, boolean excluded) {
    String name = null
    boolean values = false
    for (Statement statement : Ast.statements(Ast.block(Ast.call(axis)))) {
      MethodCallExpression call = Ast.call(statement)
      List<Expression> arguments = call == null ? [] as List<Expression> : Ast.arguments(call)
      if (call?.methodAsString == 'name' && arguments) name = Ast.text(arguments.first())
      else if (call?.methodAsString == 'values' || excluded && call?.methodAsString == 'notValues') values = literals(arguments)
      else validator.error("Not a valid axis section definition: \"${validator.sourceOf(statement)}\". Some extra configuration is required.", axis)
    }
    if (name == null) validator.error('Missing required section "name"', axis)
    else if (!SectionRules.identifier(name)) validator.error(SectionRules.noIdentifier(name), axis)
    if (!values) validator.error('Missing required section "values"', axis)
    name
  }

  private boolean literals(List<Expression> values) {
    Set<String> seen = new HashSet<String>()
    for (Expression value : values) {
      if (!(value instanceof ConstantExpression)) validator.error("Expected string literal but got ${validator.sourceOf(value)}", value)
      else if (!seen.add(Ast.text(value))) validator.error("Duplicate axis value: \"${Ast.text(value)}\"", value)
    }
    !values.isEmpty()
  }

  private List<Statement> block(Statement section, String name) {
    if (Ast.block(Ast.call(section)) != null) return Ast.statements(Ast.block(Ast.call(section)))
    validator.error("Expected a block for ${name}", section)
    null
  }
}
