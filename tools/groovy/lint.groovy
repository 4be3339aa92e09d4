// Lints pipeline Groovy: lint.groovy FILE... prints one JSON object a finding and ends with 0; 2 means it broke itself.
// It compiles every file under this Groovy (Jenkins' own, 2.4), and looks for what works in plain Groovy but breaks under
// Jenkins' CPS transformation, in its sandbox, or leaks a secret. Names decide: types are not known before a run.
import groovy.json.JsonOutput
import org.codehaus.groovy.ast.ClassNode
import org.codehaus.groovy.ast.CodeVisitorSupport
import org.codehaus.groovy.ast.MethodNode
import org.codehaus.groovy.ast.expr.*
import org.codehaus.groovy.ast.stmt.*
import org.codehaus.groovy.control.*
import org.codehaus.groovy.control.customizers.*
import org.codehaus.groovy.control.messages.SyntaxErrorMessage
import org.codehaus.groovy.classgen.GeneratorContext
import org.codehaus.groovy.syntax.Types

class Rules extends CodeVisitorSupport {
  /** Methods that CPS has translated: a closure given to another one returns at its first step. */
  static final Set TRANSLATED = ['each', 'eachWithIndex', 'reverseEach', 'collect', 'collectEntries', 'collectMany', 'find', 'findAll', 'any',
    'every', 'inject', 'groupBy', 'countBy', 'count', 'sum', 'min', 'max', 'times', 'upto', 'downto', 'step', 'with', 'replaceAll', 'call',
    'inside', 'withRun'] as Set
  static final Set SHELLS = ['sh', 'bat', 'powershell', 'pwsh'] as Set
  static final Set SECTIONS = ['agent', 'environment', 'options', 'parameters', 'triggers', 'tools', 'input', 'when', 'steps', 'stages', 'parallel',
    'matrix', 'axes', 'excludes', 'post', 'always', 'changed', 'fixed', 'regression', 'aborted', 'failure', 'success', 'unstable',
    'unsuccessful', 'cleanup', 'stage'] as Set
  static final Set FORBIDDEN = ['File', 'URL', 'URI', 'Socket', 'ServerSocket', 'ProcessBuilder', 'Thread', 'GroovyShell', 'GroovyClassLoader',
    'FileWriter', 'FileReader', 'FileInputStream', 'FileOutputStream', 'JsonSlurperClassic', 'Timer'] as Set
  static final Set FORBIDDEN_STATICS = ['System', 'Runtime', 'Thread', 'Jenkins', 'Hudson', 'Eval', 'Instant', 'LocalDate', 'LocalDateTime',
    'ZonedDateTime', 'Duration', 'Files', 'Paths', 'Class'] as Set

  final List findings
  final Set ownNonCps
  boolean nonCps
  Set maps
  Set interpolations

  Rules(List findings, Set ownNonCps) {
    this.findings = findings
    this.ownNonCps = ownNonCps
  }

  void method(List parameters, Statement code, boolean nonCps) {
    this.nonCps = nonCps
    maps = parameters.findAll { it.type.nameWithoutPackage in ['Map', 'HashMap', 'LinkedHashMap'] }*.name as Set
    interpolations = [] as Set
    code?.visit(this)
  }

  void report(String rule, node, String message) {
    findings << [line: node.lineNumber, column: node.columnNumber, rule: rule, message: message]
  }

  @Override
  void visitDeclarationExpression(DeclarationExpression it) {
    if (!it.multipleAssignmentDeclaration && (it.rightExpression instanceof MapExpression ||
        it.variableExpression.type.nameWithoutPackage in ['Map', 'HashMap', 'LinkedHashMap'])) maps << it.variableExpression.name
    if (!it.multipleAssignmentDeclaration && it.rightExpression instanceof GStringExpression) interpolations << it.variableExpression.name
    super.visitDeclarationExpression(it)
  }

  @Override
  void visitBinaryExpression(BinaryExpression it) {
    if (!nonCps && it.operation.type in [Types.EQUAL] && it.rightExpression instanceof BinaryExpression &&
        it.rightExpression.operation.type == Types.FIND_REGEX) {
      report('cps-matcher', it, 'A Matcher cannot be kept over a step: use ==~, or work it off in a @NonCPS method')
    }
    super.visitBinaryExpression(it)
  }

  @Override
  void visitForLoop(ForStatement it) {
    def over = it.collectionExpression
    boolean isMap = over instanceof MapExpression || (over instanceof VariableExpression && (over.name in maps || over.name == 'params'))
    if (!nonCps && isMap) {
      report('cps-map-loop', it, "A map's entries cannot be kept over a step: use .each { key, value -> … }")
    }
    super.visitForLoop(it)
  }

  @Override
  void visitSynchronizedStatement(SynchronizedStatement it) {
    if (!nonCps) report('cps-synchronized', it, 'synchronized is not possible under CPS: use lock()')
    super.visitSynchronizedStatement(it)
  }

  @Override
  void visitMethodCallExpression(MethodCallExpression it) {
    String name = it.methodAsString
    List given = it.arguments instanceof TupleExpression ? it.arguments.expressions : [it.arguments]
    boolean closure = given.any { argument -> argument instanceof ClosureExpression }
    if (it.implicitThis) implicit(it, name, given)
    else {
      boolean chained = chain(it, closure)
      if (closure && !chained && !nonCps && !(name in TRANSLATED) && it.objectExpression.text != 'this') {
        report('cps-closure', it, "CPS does not know ${name} with a closure, which returns at its first step: use one of each, collect, findAll …, or a @NonCPS method")
      }
      if (name == 'execute' && !given) report('sandbox', it, 'execute() runs on the controller, and the sandbox refuses it: use sh')
      if (name in ['getRawBuild', 'evaluate']) report('sandbox', it, "The sandbox refuses ${name}")
      String on = it.objectExpression.text.tokenize('.').with { it ? it.last() : '' }
      if (on in FORBIDDEN_STATICS && (it.objectExpression instanceof VariableExpression || it.objectExpression instanceof PropertyExpression)) {
        report('sandbox', it, "The sandbox refuses ${on}.${name}")
      }
    }
    super.visitMethodCallExpression(it)
  }

  private void implicit(MethodCallExpression it, String name, List given) {
    if (nonCps && !(name in ownNonCps)) {
      report('cps-noncps-call', it, "${name} in a @NonCPS method: a step or a CPS method there runs out of order, or not at all")
    }
    if (name == 'evaluate') report('sandbox', it, 'The sandbox refuses evaluate')
    if (name in SHELLS) {
      given.each { argument ->
        if (composed(argument)) interpolated(name, argument)
        if (argument instanceof MapExpression) {
          argument.mapEntryExpressions.findAll { entry -> entry.keyExpression.text == 'script' && composed(entry.valueExpression) }
            .each { entry -> interpolated(name, entry.valueExpression) }
        }
      }
    }
  }

  /** Text with values in it: a GString, a sum, or a variable that was made of one. */
  private boolean composed(node) {
    node instanceof GStringExpression || node instanceof BinaryExpression ||
      (node instanceof VariableExpression && node.name in interpolations)
  }

  private void interpolated(String shell, node) {
    report('shell-interpolation', node, "A value in the text of ${shell} is shell code, and a secret there is seen by all: pass it with withEnv or withCredentials and quote it")
  }

  // `when { … } steps { … }` on one line is `when({ … }).steps({ … })`.
  private boolean chain(MethodCallExpression it, boolean closure) {
    def before = it.objectExpression
    boolean chained = closure && it.methodAsString in SECTIONS && before instanceof MethodCallExpression &&
      before.implicitThis && before.methodAsString in SECTIONS
    if (chained) {
      report('chained-sections', it, "${before.methodAsString} { … } and ${it.methodAsString} { … } on one line are a chain of calls: begin a new line")
    }
    chained
  }

  @Override
  void visitConstructorCallExpression(ConstructorCallExpression it) {
    String type = it.type.nameWithoutPackage
    if (type in FORBIDDEN) report('sandbox', it, "The sandbox refuses new ${type}; a step does it, on the agent")
    if (type == 'JsonSlurper' && !nonCps) report('cps-json', it, 'JsonSlurper gives maps that cannot be kept over a step: use readJSON')
    super.visitConstructorCallExpression(it)
  }

  @Override
  void visitPropertyExpression(PropertyExpression it) {
    if (it.propertyAsString in ['metaClass', 'rawBuild']) report('sandbox', it, "The sandbox refuses .${it.propertyAsString}")
    if (it.propertyAsString == 'instance' && it.objectExpression.text.tokenize('.').with { it && it.last() in ['Jenkins', 'Hudson'] }) {
      report('sandbox', it, 'The sandbox refuses the Jenkins object')
    }
    super.visitPropertyExpression(it)
  }
}

class Lint extends CompilationCustomizer {
  final List findings = []

  Lint() { super(CompilePhase.CONVERSION) }

  @Override
  void call(SourceUnit source, GeneratorContext context, ClassNode type) {
    List methods = type.methods.findAll { it.lineNumber > 0 }
    Set ownNonCps = methods.findAll { nonCps(it) }*.name as Set
    methods.each { new Rules(findings, ownNonCps).method(it.parameters as List, it.code, nonCps(it)) }
    if (type.script) new Rules(findings, ownNonCps).method([], source.AST.statementBlock, false)
  }

  private static boolean nonCps(MethodNode method) {
    method.annotations.any { it.classNode.nameWithoutPackage == 'NonCPS' }
  }
}

List check(GroovyClassLoader parent, File file) {
  Lint lint = new Lint()
  ImportCustomizer imports = new ImportCustomizer().addImports('com.cloudbees.groovy.cps.NonCPS', 'org.jenkinsci.plugins.workflow.libs.Library')
  CompilerConfiguration configuration = new CompilerConfiguration()
  configuration.addCompilationCustomizers(imports, lint)
  CompilationUnit unit = new CompilationUnit(configuration, null, new GroovyClassLoader(parent))
  unit.addSource(file.name.endsWith('.groovy') ? file.name : 'WorkflowScript', file.getText('UTF-8'))
  try {
    unit.compile(Phases.CLASS_GENERATION)
  } catch (MultipleCompilationErrorsException failure) {
    failure.errorCollector.errors.each {
      def cause = it instanceof SyntaxErrorMessage ? it.cause : null
      lint.findings << [line: cause?.line ?: 1, column: cause?.startColumn ?: 1, rule: 'compile', message: cause?.originalMessage ?: it.toString()]
    }
  }
  lint.findings.unique().sort { [it.line, it.column] }
}

try {
  GroovyClassLoader known = new GroovyClassLoader()
  known.parseClass('package com.cloudbees.groovy.cps\nimport java.lang.annotation.*\n@Retention(RetentionPolicy.RUNTIME) @interface NonCPS {}')
  known.parseClass('package org.jenkinsci.plugins.workflow.libs\n@interface Library { String[] value() default [] }')
  args.each { path ->
    check(known, new File(path)).each { println JsonOutput.toJson(it + [file: path]) }
  }
} catch (Throwable broken) {
  broken.printStackTrace()
  System.exit(2)
}
