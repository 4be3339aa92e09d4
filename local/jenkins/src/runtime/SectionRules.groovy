package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.expr.BinaryExpression
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.GStringExpression
import org.codehaus.groovy.ast.expr.MapExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.stmt.ExpressionStatement
import org.codehaus.groovy.ast.stmt.Statement

/** What may stand in environment, when, input, and in the lists: options, parameters, triggers, tools, libraries. */
@CompileStatic
class SectionRules {
  private final Validator validator
  private final StepRules steps
  private final AgentRules agents

  SectionRules(Validator validator) {
    this.validator = validator
    this.steps = new StepRules(validator)
    this.agents = new AgentRules(validator)
  }

  /** Checks a section of a pipeline, a stage or a matrix that is not about stages or steps. */
  void check(String name, Statement section, boolean inStage) {
    switch (name) {
      case 'agent': agents.check(section); break
      case 'post': steps.post(section); break
      case 'environment': environment(section); break
      case 'when': when(section); break
      case 'input': input(section); break
      case 'options': entries(section, 'option', inStage ? Known.STAGE_OPTIONS : Known.OPTIONS, 'Options', 'an option'); break
      case 'parameters': entries(section, 'parameter', Known.PARAMETERS, 'Build parameters', 'a build parameter definition'); break
      case 'triggers': entries(section, 'trigger', Known.TRIGGERS, 'Triggers', 'a trigger'); break
      case 'tools': tools(section); break
      case 'libraries': libraries(section)
    }
  }

  private List<Statement> block(Statement section, String name) {
    ClosureExpression block = Ast.block(Ast.call(section))
    if (block != null) return Ast.statements(block)
    validator.error("Expected a block for ${name}", section)
    null
  }

  private void entries(Statement section, String kind, Map<String, Step> known, String title, String expected) {
    List<Statement> all = block(section, "${kind}s")
    if (all == null) return
    if (all.isEmpty()) validator.error("${kind}s can not be empty", section)
    List<String> names = []
    for (Statement statement : all) {
      MethodCallExpression call = Ast.call(statement)
      if (call == null) validator.error(Ast.expression(statement) instanceof MapExpression ? "${title} cannot be defined as maps" : "Expected ${expected}", statement)
      else if (Ast.block(call) != null) validator.error("${title} definitions cannot have blocks", statement)
      else {
        String name = validator.nameOf(call)
        if (name == null) continue
        names << name
        if (!known.containsKey(name)) validator.error("Invalid ${kind} type \"${name}\". Valid ${kind} types: ${known.keySet()}", statement)
        else if (known[name] != null) steps.arguments(call, statement, known[name])
      }
    }
    if (kind == 'parameter') return
    names.findAll { String it -> names.count(it) > 1 }.unique().each { String it -> validator.error("Duplicate ${kind} name: \"${it}\"", section) }
  }

  private void tools(Statement section) {
    List<Statement> all = block(section, 'tools')
    if (all == null) return
    if (all.isEmpty()) validator.error('No tools specified', section)
    for (Statement statement : all) {
      MethodCallExpression call = Ast.call(statement)
      int given = call == null ? 0 : Ast.arguments(call).size()
      if (call == null) validator.error('Expected to find ‘someTool "someVersion"’', section)
      else if (given != 1) validator.error("${given == 0 ? 'No argument' : 'Too many arguments'} for tool \"${call.methodAsString}\"", call.method)
      else if (!(call.methodAsString in Known.TOOLS)) {
        validator.error("Invalid tool type \"${call.methodAsString}\". Valid tool types: ${Known.TOOLS}", call.method)
      }
    }
  }

  private void libraries(Statement section) {
    List<Statement> all = block(section, 'libraries')
    if (all != null && all.isEmpty()) validator.error('libraries can not be empty', section)
    all?.each { Statement it ->
      MethodCallExpression call = Ast.call(it)
      if (call?.methodAsString != 'lib' || Ast.arguments(call).size() != 1) validator.error("Expected a \"lib(...)\" but got ${validator.sourceOf(it)}", section)
    }
  }

  private void input(Statement section) {
    // `input 'message'` is the step; as a section it needs a block.
    List<Statement> all = block(section, 'input')
    if (all == null) return
    Set<String> seen = new HashSet<String>()
    for (Statement statement : all) {
      MethodCallExpression call = Ast.call(statement)
      if (call == null) {
        validator.error("Not a valid section definition: \"${validator.sourceOf(statement)}\". Some extra configuration is required.", section)
        continue
      }
      String name = validator.nameOf(call)
      if (name == null) continue
      if (!seen.add(name)) validator.error("Multiple occurrences of the ${name} section", section)
      int given = Ast.arguments(call).size()
      if (given != 1) validator.error("${given == 0 ? 'No argument' : 'Too many arguments'} for field \"${name}\"", call.method)
      else if (!(name in Known.INPUT)) validator.error("Not a valid field for input: \"${name}\"", call.method)
      else if (name == 'parameters') check('parameters', statement, true)
    }
    if (!seen.contains('message')) validator.error('No message specified for input', section)
  }

  private void when(Statement section) {
    List<Statement> all = block(section, 'when')
    if (all == null) return
    List<Statement> conditions = all.findAll { Statement it -> !(Ast.call(it)?.methodAsString in Known.BEFORE) }
    if (conditions.isEmpty()) validator.error('Empty when closure, remove the property or add some content.', section)
    all.each { Statement it ->
      MethodCallExpression call = Ast.call(it)
      if (call == null) validator.error('Expected a when condition', section)
      else if (!(call.methodAsString in Known.BEFORE)) condition(it)
      else if (!(Ast.arguments(call) && Ast.arguments(call).first().text in ['true', 'false'])) validator.error("Expected a boolean with ${call.methodAsString}", call.method)
    }
  }

  private void condition(Statement statement) {
    MethodCallExpression call = Ast.call(statement)
    String name = call == null ? null : validator.nameOf(call)
    if (call == null) validator.error('Expected a when condition', statement)
    if (name == null) return
    ClosureExpression block = Ast.block(call)
    List<Statement> children = block == null ? [] as List<Statement> : Ast.statements(block)
    if (!Known.CONDITIONS.containsKey(name)) {
      validator.error("Unknown conditional ${name}. Valid conditionals are: ${Known.CONDITIONS.keySet().join(', ')}", statement)
    } else if (name == 'expression') {
      if (block == null) validator.error('When step without a block', statement)
    } else if (name in ['allOf', 'anyOf', 'not']) {
      if (Ast.arguments(call).size() > 1) validator.error("No additional arguments are allowed for children when condition \"${name}\".", statement)
      else if (name == 'not' && children.size() != 1) validator.error('Nested when condition "not" requires exactly 1 child condition(s).', statement)
      else if (children.isEmpty()) validator.error("Nested when condition \"${name}\" requires at least one child condition.", statement)
      children.each { Statement it -> condition(it) }
    } else if (block != null) validator.error("No children when conditions are allowed for when condition \"${name}\".", statement)
    else steps.arguments(call, statement, Known.CONDITIONS[name])
  }

  private void environment(Statement section) {
    List<Statement> all = block(section, 'environment')
    if (all == null) return
    if (all.isEmpty()) validator.error('No variables specified for environment', section)
    Set<String> names = new HashSet<String>()
    boolean other = false
    for (Statement statement : all) {
      Expression expression = statement instanceof ExpressionStatement ? ((ExpressionStatement) statement).expression : null
      BinaryExpression pair = expression instanceof BinaryExpression ? (BinaryExpression) expression : null
      if (pair != null && pair.operation.text == '=') variable(pair, names)
      else {
        String text = validator.sourceOf(statement)
        if (expression != null) {
          String refusal = text.contains('=') ? noIdentifier(text.split('=')[0].trim())
            : "\"${text}\" is not a valid environment expression. Use \"key = value\" pairs with valid Java/shell keys."
          validator.error(refusal, expression)
        }
        other = true
      }
    }
    if (other) validator.error('Expected name=value pairs', section)
  }

  private void variable(BinaryExpression pair, Set<String> names) {
    String name = pair.leftExpression.text
    if (!names.add(name)) validator.error("Duplicate environment variable name: \"${name}\"", pair.leftExpression)
    if (!identifier(name)) validator.error(noIdentifier(name), pair.leftExpression)
    Expression value = pair.rightExpression
    if (value instanceof ConstantExpression || value instanceof GStringExpression) return
    if (value instanceof MethodCallExpression) {
      boolean literal = Ast.arguments((MethodCallExpression) value).every { Expression it -> it instanceof ConstantExpression || it instanceof GStringExpression }
      if (((MethodCallExpression) value).methodAsString == 'credentials' && !literal) validator.error('Internal function call parameters must be strings.', value)
    } else if (value instanceof BinaryExpression) sum((BinaryExpression) value)
    else validator.error('Environment variable values must either be single quoted, double quoted, or function calls.', value)
  }

  private void sum(BinaryExpression value) {
    if (value.operation.text != '+') {
      validator.error('Environment variable values can only be joined together with ‘+’s.', value)
      return
    }
    [value.leftExpression, value.rightExpression].each { Expression it ->
      if (it instanceof BinaryExpression) sum((BinaryExpression) it)
      else if (!(it instanceof ConstantExpression || it instanceof GStringExpression)) {
        validator.error('Environment variable values to be concatenated together must be single or double quoted.', it)
      }
    }
  }

  static boolean identifier(String name) {
    name ==~ /[a-zA-Z_]\w*/
  }

  static String noIdentifier(String name) {
    "\"${name}\" is not a valid identifier and cannot be used for an environment variable. " +
      'Identifiers must start with a letter or underscore and can contain only letters, numbers or underscores.'
  }
}
