package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.ASTNode
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.stmt.Statement

/** The sections of a pipeline and its stages: known, once, with what they need. */
@CompileStatic
class PipelineRules {
  private static final List<String> ROOT = ['agent', 'environment', 'options', 'parameters', 'triggers', 'tools', 'libraries', 'stages', 'post']
  private static final List<String> STAGE = ['agent', 'environment', 'options', 'tools', 'input', 'when', 'steps', 'stages', 'parallel',
                                             'matrix', 'failFast', 'post']
  private static final List<String> BODIES = ['steps', 'stages', 'parallel', 'matrix']
  private static final List<String> AGENTS = ['any', 'docker', 'dockerfile', 'kubernetes', 'label', 'node', 'none']
  private static final List<String> OPTIONS = ['ansiColor', 'buildDiscarder', 'catchError', 'checkoutToSubdirectory', 'copyArtifactPermission',
    'disableConcurrentBuilds', 'disableRestartFromStage', 'disableResume', 'durabilityHint', 'lock', 'newContainerPerStage',
    'overrideIndexTriggers', 'parallelsAlwaysFailFast', 'preserveStashes', 'quietPeriod', 'rateLimitBuilds', 'retry', 'script',
    'skipDefaultCheckout', 'skipStagesAfterUnstable', 'timeout', 'timestamps', 'waitUntil', 'warnError', 'withCredentials', 'withEnv']
  private static final List<String> STAGE_OPTIONS = ['ansiColor', 'catchError', 'checkoutToSubdirectory', 'lock', 'retry', 'script',
    'skipDefaultCheckout', 'timeout', 'timestamps', 'waitUntil', 'warnError', 'withCredentials', 'withEnv']
  private static final List<String> PARAMETERS = ['booleanParam', 'choice', 'file', 'password', 'run', 'string', 'text']

  private final Validator validator
  private final SectionRules rules
  private final Set<String> names = new HashSet<String>()

  PipelineRules(Validator validator) {
    this.validator = validator
    this.rules = new SectionRules(validator)
  }

  void check(Statement statement) {
    MethodCallExpression call = Ast.call(statement)
    ClosureExpression block = Ast.block(call)
    if (block == null) {
      validator.error('Expected a block for pipeline', call)
      return
    }
    Map<String, MethodCallExpression> sections = sections(block, ROOT, 'Undefined section')
    ['stages', 'agent'].each { String name -> if (!sections.containsKey(name)) validator.error("Missing required section \"${name}\"", call) }
    sections.each { String name, MethodCallExpression section ->
      if (name == 'stages') stages(section, 'stages', false)
      else if (name == 'options') rules.calls(section, OPTIONS, 'option type')
      else if (name == 'parameters') rules.calls(section, PARAMETERS, 'parameter type')
      else shared(name, section)
    }
  }

  private void shared(String name, MethodCallExpression section) {
    if (name == 'post') rules.post(section)
    else if (name == 'environment') rules.environment(section)
    else if (name == 'agent') agent(section)
    else if (name == 'when') rules.when(section)
  }

  private void stages(MethodCallExpression section, String kind, boolean inParallel) {
    ClosureExpression block = blockOf(section, kind)
    if (block == null) return
    List<Statement> all = Ast.statements(block)
    if (all.isEmpty()) validator.error('No stages specified', section)
    for (Statement statement : all) {
      MethodCallExpression call = Ast.call(statement)
      if (call == null || call.methodAsString != 'stage' || !call.implicitThis) validator.error('Expected a stage', statement)
      else stage(call, inParallel)
    }
  }

  private void stage(MethodCallExpression call, boolean inParallel) {
    List<Expression> arguments = Ast.arguments(call)
    ClosureExpression block = Ast.block(call)
    if (block == null) {
      validator.error('Expected a block for stage', call)
      return
    }
    String name = arguments.size() > 1 ? Ast.text(arguments.first()) : null
    if (name == null) validator.error('Stage does not have a name', call)
    else if (name.trim().isEmpty()) validator.error('Expected a stage name but got an empty string', call)
    else if (!names.add(name)) validator.error("Duplicate stage name: \"${name}\"", call)
    Map<String, MethodCallExpression> sections = sections(block, STAGE, 'Unknown stage section')
    List<String> bodies = BODIES.findAll { String it -> sections.containsKey(it) }
    if (bodies.isEmpty()) validator.error("Expected one of \"matrix\", \"parallel\", \"stages\", or \"steps\" for stage \"${name}\"", call)
    if (bodies.size() > 1) validator.error("Only one of \"matrix\", \"parallel\", \"stages\", or \"steps\" allowed for stage \"${name}\"", call)
    boolean branches = sections.containsKey('parallel') || sections.containsKey('matrix')
    if (branches && inParallel) validator.error('Parallel stages or branches can only be included in a top-level stage.', call)
    if (sections.containsKey('parallel') && (sections.containsKey('agent') || sections.containsKey('tools'))) {
      validator.error("\"agent\" is not allowed in stage \"${name}\" as it contains parallel stages", call)
    }
    if (sections.containsKey('failFast') && !branches) {
      validator.error("Invalid usage of failFast: the stage \"${name}\" has no parallel stages or matrix.", call)
    }
    sections.each { String section, MethodCallExpression it ->
      if (section == 'steps') rules.steps(it)
      else if (section == 'stages') stages(it, 'stages', inParallel)
      else if (section == 'parallel') stages(it, 'parallel', true)
      else if (section == 'matrix') matrix(it)
      else if (section == 'options') rules.calls(it, STAGE_OPTIONS, 'option type')
      else shared(section, it)
    }
  }

  private void matrix(MethodCallExpression section) {
    ClosureExpression block = blockOf(section, 'matrix')
    if (block == null) return
    Map<String, MethodCallExpression> sections = sections(block,
      ['axes', 'excludes', 'stages', 'agent', 'environment', 'options', 'tools', 'when', 'input', 'post'], 'Unknown matrix section')
    ['axes', 'stages'].each { String it -> if (!sections.containsKey(it)) validator.error("Missing required section \"${it}\"", section) }
    if (sections.containsKey('stages')) stages(sections.stages, 'stages', true)
    sections.each { String name, MethodCallExpression it -> shared(name, it) }
  }

  private void agent(MethodCallExpression section) {
    ClosureExpression block = Ast.block(section)
    if (block == null) {
      String value = Ast.arguments(section) ? Ast.arguments(section).first().text : ''
      if (!(value in ['any', 'none'])) validator.error("Invalid agent type \"${value}\" specified. Must be one of ${AGENTS}", section)
      return
    }
    for (Statement statement : Ast.statements(block)) {
      String type = Ast.call(statement)?.methodAsString
      if (!(type in AGENTS)) validator.error("Invalid agent type \"${type ?: Ast.expression(statement)?.text}\" specified. Must be one of ${AGENTS}", statement)
    }
  }

  private ClosureExpression blockOf(MethodCallExpression section, String name) {
    ClosureExpression block = Ast.block(section)
    if (block == null) validator.error("Expected a block for ${name}", section)
    block
  }

  private Map<String, MethodCallExpression> sections(ClosureExpression block, List<String> known, String refusal) {
    Map<String, MethodCallExpression> found = [:]
    for (Statement statement : Ast.statements(block)) {
      MethodCallExpression call = Ast.call(statement)
      String name = call?.methodAsString
      if (call == null || name == null) validator.error(known.is(ROOT) ? 'Not a valid section definition: "' + source(statement) + '". Some extra configuration is required.' : 'Not a valid stage section definition: "' + source(statement) + '". Some extra configuration is required.', statement)
      else if (!call.implicitThis) validator.error("Not a valid section definition: \"${call.text}\". Some extra configuration is required.", statement)
      else if (!(name in known)) validator.error(refusal == 'Unknown stage section' ? "Unknown stage section \"${name}\". Starting with version 0.5, steps in a stage must be in a ‘steps’ block." : "${refusal} \"${name}\"", statement)
      else if (found.containsKey(name)) validator.error("Multiple occurrences of the ${name} section", statement)
      else found[name] = call
    }
    found
  }

  private static String source(Statement statement) {
    Ast.expression(statement)?.text ?: statement.text
  }
}
