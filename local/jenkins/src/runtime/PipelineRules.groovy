package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.ASTNode
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.expr.VariableExpression
import org.codehaus.groovy.ast.stmt.Statement

/** The sections of a pipeline and its stages: known, once, with what they need. In the words of Jenkins' ModelParser. */
@CompileStatic
class PipelineRules {
  private static final List<String> ROOT = ['agent', 'environment', 'options', 'parameters', 'triggers', 'tools', 'libraries', 'stages', 'post']
  private static final Map<String, String> RENAMED = [
    properties: 'The ‘properties’ section has been renamed as of version 0.8. Use ‘options’ instead.',
    wrappers: 'The \'wrappers\' section has been removed as of version 0.8. Use \'options\' instead.',
    jobProperties: 'The ‘jobProperties’ section has been renamed as of version 0.7. Use ‘properties’ instead.',
    notifications: 'The ‘notifications’ section has been removed as of version 0.6. Use ‘post’ for all post-build actions.',
    postBuild: 'The ‘postBuild’ section has been renamed as of version 0.6. Use ‘post’ for all post-build actions.',
  ]
  private static final List<String> STAGE = ['agent', 'environment', 'options', 'tools', 'input', 'when', 'steps', 'stages', 'parallel',
                                             'matrix', 'failFast', 'post']
  private static final List<String> BODIES = ['steps', 'stages', 'parallel', 'matrix']

  private final Validator validator
  private final SectionRules sections
  private final StepRules steps
  private final MatrixRules matrices

  PipelineRules(Validator validator) {
    this.validator = validator
    this.sections = new SectionRules(validator)
    this.steps = new StepRules(validator)
    this.matrices = new MatrixRules(validator)
  }

  void check(MethodCallExpression pipeline) {
    ClosureExpression block = Ast.block(pipeline)
    if (block == null) {
      validator.error('Expected a block with the "pipeline" step', pipeline)
      return
    }
    Map<String, Statement> found = [:]
    for (Statement statement : Ast.statements(block)) {
      MethodCallExpression call = Ast.call(statement)
      if (call == null) {
        validator.error("Not a valid section definition: \"${validator.sourceOf(statement)}\". Some extra configuration is required.", statement)
        continue
      }
      String name = validator.nameOf(call)
      if (name == null) continue
      if (found.containsKey(name)) validator.error("Multiple occurrences of the ${name} section", statement)
      else if (RENAMED.containsKey(name)) validator.error(RENAMED[name], statement)
      else if (!(name in ROOT)) validator.error("Undefined section \"${name}\"", statement)
      if (!found.containsKey(name) && name in ROOT) found[name] = statement
    }
    ['stages', 'agent'].each { String name -> if (!found.containsKey(name)) validator.error("Missing required section \"${name}\"", pipeline) }
    found.each { String name, Statement statement -> name == 'stages' ? stages(statement, name, false) : sections.check(name, statement, false) }
  }

  /** The stages in `stages {}` or `parallel {}`: at least one, no two of one name. */
  private void stages(Statement section, String kind, boolean inParallel) {
    ClosureExpression block = Ast.block(Ast.call(section))
    if (block == null) {
      validator.error("Expected a block for ${kind}", section)
      return
    }
    List<String> names = []
    for (Statement statement : Ast.statements(block)) {
      MethodCallExpression call = Ast.call(statement)
      if (call == null || call.methodAsString != 'stage' || !call.implicitThis || Ast.block(call) == null) validator.error('Expected a stage', statement)
      else names << stage(call, statement, inParallel || kind == 'parallel')
    }
    if (names.isEmpty()) validator.error('No stages specified', section)
    names.findAll { String it -> it != null && names.count(it) > 1 }.unique().each { String it ->
      validator.error("Duplicate stage name: \"${it}\"", section)
    }
  }

  private String stage(MethodCallExpression call, Statement at, boolean inParallel) {
    List<Expression> arguments = Ast.arguments(call)
    Expression first = arguments.first()
    String name = first instanceof ConstantExpression ? ((ConstantExpression) first).value as String
      : first instanceof VariableExpression ? ((VariableExpression) first).name : null
    if (name == null) validator.error('Expected string literal', first)
    if (arguments.size() < 2) {
      validator.error('Stage does not have a block', at)
      return null
    }
    if (name != null && name.trim().isEmpty()) validator.error('Stage does not have a name', at)
    Map<String, Statement> found = stageSections(Ast.block(call), at)
    bodies(name, found, at, inParallel)
    found.each { String section, Statement it -> body(section, it, at, inParallel) }
    name
  }

  private Map<String, Statement> stageSections(ClosureExpression block, Statement stage) {
    Map<String, Statement> found = [:]
    for (Statement statement : Ast.statements(block)) {
      MethodCallExpression call = Ast.call(statement)
      if (call == null) {
        validator.error("Not a valid stage section definition: \"${validator.sourceOf(statement)}\". Some extra configuration is required.", stage)
        continue
      }
      String name = validator.nameOf(call)
      if (name == null) continue
      if (found.containsKey(name)) validator.error("Multiple occurrences of the ${name} section", stage)
      else if (name in STAGE) found[name] = statement
      else validator.error("Unknown stage section \"${name}\". Starting with version 0.5, steps in a stage must be in a ‘steps’ block.", stage)
    }
    found
  }

  private void body(String name, Statement section, Statement stage, boolean inParallel) {
    switch (name) {
      case 'steps': steps.stage(section, stage); break
      case 'stages':
      case 'parallel': stages(section, name, inParallel); break
      case 'matrix':
        Statement inner = matrices.check(section)
        if (inner != null) stages(inner, 'stages', true)
        break
      case 'failFast':
        MethodCallExpression call = Ast.call(section)
        Expression value = Ast.arguments(call) ? Ast.arguments(call).first() : null
        if (!(value instanceof ConstantExpression && ((ConstantExpression) value).value instanceof Boolean)) {
          validator.error('Expected a boolean with failFast', call.method)
        }
        break
      default: sections.check(name, section, true)
    }
  }

  private void bodies(String name, Map<String, Statement> found, ASTNode stage, boolean inParallel) {
    List<String> bodies = BODIES.findAll { String it -> found.containsKey(it) }
    Statement branches = found.matrix ?: found.parallel
    if (inParallel && branches != null) validator.error('Parallel stages or branches can only be included in a top-level stage.', branches)
    else if (bodies.size() > 1) validator.error("Only one of \"matrix\", \"parallel\", \"stages\", or \"steps\" allowed for stage \"${name}\"", stage)
    else if (bodies.isEmpty()) validator.error("Expected one of \"steps\", \"stages\", or \"parallel\" for stage \"${name}\"", stage)
    else if (branches != null) {
      ['agent', 'tools'].each { String it ->
        if (found.containsKey(it)) validator.error("\"${it}\" is not allowed in stage \"${name}\" as it contains parallel stages", found[it])
      }
    }
  }
}
