package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.stmt.Statement

/** `agent any`, `agent none`, or a block with one known type and its options. */
@CompileStatic
class AgentRules {
  private static final List<String> TYPES = ['any', 'docker', 'dockerfile', 'label', 'none']
  private static final List<String> CONTAINER = ['alwaysPull', 'args', 'customWorkspace', 'label', 'registryCredentialsId', 'registryUrl', 'reuseNode']
  private static final Map<String, List<String>> OPTIONS = [
    node: ['label', 'customWorkspace'],
    label: ['label', 'customWorkspace'],
    docker: CONTAINER + 'image',
    dockerfile: CONTAINER + ['additionalBuildArgs', 'dir', 'filename'],
  ]
  private static final Map<String, String> REQUIRED = [docker: 'image', node: 'label']
  private final Validator validator

  AgentRules(Validator validator) {
    this.validator = validator
  }

  void check(Statement section) {
    MethodCallExpression call = Ast.call(section)
    ClosureExpression block = Ast.block(call)
    if (block == null) {
      List<Expression> arguments = Ast.arguments(call)
      if (arguments.size() == 1 && arguments.first().text in ['any', 'none']) return
      validator.error(arguments.isEmpty() ? 'No argument for agent' : 'Only "agent none", "agent any" or "agent {...}" are allowed.', section)
      none(section)
      return
    }
    List<Statement> all = Ast.statements(block)
    MethodCallExpression type = all.size() == 1 ? Ast.call(all.first()) : null
    if (type == null) {
      validator.error(all.size() > 1 ? 'Only one agent type is allowed per agent section' : 'Expected an agent', section)
      none(section)
    } else typed(type)
  }

  private void none(Statement section) {
    validator.error("No agent type specified. Must be one of ${TYPES}", section)
  }

  private void typed(MethodCallExpression type) {
    String name = type.methodAsString
    if (name in ['any', 'none', 'kubernetes']) return
    if (!OPTIONS.containsKey(name)) {
      validator.error("Invalid agent type \"${name}\" specified. Must be one of ${TYPES}", type.method)
      return
    }
    ClosureExpression block = Ast.block(type)
    if (block == null) return
    List<String> given = []
    for (Statement statement : Ast.statements(block)) {
      MethodCallExpression option = Ast.call(statement)
      if (option == null) {
        validator.error('Expected to find ‘someKey "someValue"’', block)
        continue
      }
      given << option.methodAsString
      if (!(option.methodAsString in OPTIONS[name])) {
        validator.error("Invalid config option \"${option.methodAsString}\" for agent type \"${name}\". Valid config options are ${OPTIONS[name]}", option.method)
      }
    }
    String required = REQUIRED[name]
    if (required != null && !(required in given)) validator.error("Missing required parameter for agent type \"${name}\": ${required}", type.method)
  }
}
