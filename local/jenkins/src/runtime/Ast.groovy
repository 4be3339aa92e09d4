package coalmine

import groovy.transform.CompileStatic
import org.codehaus.groovy.ast.ASTNode
import org.codehaus.groovy.ast.CodeVisitorSupport
import org.codehaus.groovy.ast.expr.ArgumentListExpression
import org.codehaus.groovy.ast.expr.ClosureExpression
import org.codehaus.groovy.ast.expr.ConstantExpression
import org.codehaus.groovy.ast.expr.Expression
import org.codehaus.groovy.ast.expr.GStringExpression
import org.codehaus.groovy.ast.expr.MapEntryExpression
import org.codehaus.groovy.ast.expr.MapExpression
import org.codehaus.groovy.ast.expr.MethodCallExpression
import org.codehaus.groovy.ast.expr.TupleExpression
import org.codehaus.groovy.ast.stmt.BlockStatement
import org.codehaus.groovy.ast.stmt.ExpressionStatement
import org.codehaus.groovy.ast.stmt.ReturnStatement
import org.codehaus.groovy.ast.stmt.EmptyStatement
import org.codehaus.groovy.ast.stmt.Statement
import org.codehaus.groovy.control.SourceUnit

/** Reads calls, blocks and arguments off the syntax tree. */
@CompileStatic
class Ast {
  static Expression expression(Statement statement) {
    if (statement instanceof ExpressionStatement) return ((ExpressionStatement) statement).expression
    statement instanceof ReturnStatement ? ((ReturnStatement) statement).expression : null
  }

  /** The statement as a call, whatever it is called on. */
  static MethodCallExpression call(Statement statement) {
    Expression found = expression(statement)
    found instanceof MethodCallExpression ? (MethodCallExpression) found : null
  }

  static List<Expression> arguments(MethodCallExpression call) {
    call.arguments instanceof TupleExpression ? ((TupleExpression) call.arguments).expressions : [call.arguments]
  }

  static ClosureExpression block(MethodCallExpression call) {
    List<Expression> all = arguments(call)
    all && all.last() instanceof ClosureExpression ? (ClosureExpression) all.last() : null
  }

  static List<Statement> statements(ClosureExpression block) {
    List<Statement> all = block.code instanceof BlockStatement ? ((BlockStatement) block.code).statements : [block.code]
    all.findAll { Statement it -> !(it instanceof EmptyStatement) }
  }

  /** A text argument; a GString as it is written, since it cannot be known yet. */
  static String text(Expression expression) {
    if (expression instanceof ConstantExpression) return String.valueOf(((ConstantExpression) expression).value)
    expression instanceof GStringExpression ? expression.text : null
  }

  static Map<String, MapEntryExpression> named(MethodCallExpression call) {
    Map<String, MapEntryExpression> found = [:]
    for (Expression argument : arguments(call)) {
      if (argument instanceof MapExpression) {
        for (MapEntryExpression entry : ((MapExpression) argument).mapEntryExpressions) found[text(entry.keyExpression)] = entry
      }
    }
    found
  }

  /** The calls of `pipeline` with a block, anywhere in a statement. */
  static List<MethodCallExpression> pipelines(Statement statement) {
    List<MethodCallExpression> found = []
    statement.visit(new CodeVisitorSupport() {
      @Override
      void visitMethodCallExpression(MethodCallExpression call) {
        if (call.methodAsString == 'pipeline' && call.implicitThis && block(call) != null) found << call
        super.visitMethodCallExpression(call)
      }
    })
    found
  }

  /** The text that a node was written as, its lines joined. */
  static String source(SourceUnit unit, ASTNode node) {
    if (node.lineNumber < 1 || node.lastLineNumber < node.lineNumber) return ''
    StringBuilder text = new StringBuilder()
    for (int line = node.lineNumber; line <= node.lastLineNumber; line++) {
      String whole = unit.source.getLine(line, null) ?: ''
      int to = line == node.lastLineNumber ? Math.min(node.lastColumnNumber - 1, whole.length()) : whole.length()
      int from = line == node.lineNumber ? Math.min(node.columnNumber - 1, to) : 0
      text.append(whole, from, to).append(line == node.lastLineNumber ? '' : '\n')
    }
    text.toString().trim()
  }
}
