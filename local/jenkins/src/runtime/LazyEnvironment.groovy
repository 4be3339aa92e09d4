package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.CodeVisitorSupport
import org.codehaus.groovy.ast.Parameter
import org.codehaus.groovy.ast.expr.BinaryExpression
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.stmt.BlockStatement
import org.codehaus.groovy.ast.stmt.ExpressionStatement
import org.codehaus.groovy.ast.stmt.Statement

/** Makes each value of `environment {}` a closure, since on Jenkins values may refer to each other in any order. */
@CompileStatic
class LazyEnvironment extends CodeVisitorSupport {
  @Override
  void visitMethodCallExpression(MethodCallExpression call) {
    super.visitMethodCallExpression(call)
    if (call.methodAsString != 'environment' || Ast.block(call) == null) return
    for (Statement statement : Ast.statements(Ast.block(call))) {
      Expression expression = Ast.expression(statement)
      if (expression instanceof BinaryExpression && ((BinaryExpression) expression).operation.text == '=') defer((BinaryExpression) expression)
    }
  }

  private static void defer(BinaryExpression assignment) {
    Expression value = assignment.rightExpression
    if (value instanceof ConstantExpression) return
    ExpressionStatement result = new ExpressionStatement(value)
    result.sourcePosition = value
    ClosureExpression closure = new ClosureExpression(Parameter.EMPTY_ARRAY, new BlockStatement([result] as List<Statement>, null))
    closure.sourcePosition = value
    assignment.rightExpression = closure
  }
}
