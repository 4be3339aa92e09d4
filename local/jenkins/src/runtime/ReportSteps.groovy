package coalmine

/** What a build publishes: test results, findings of static analysis, files. */
class ReportSteps {
  static void register() {
    Steps.define('junit', ['testResults!:text', 'allowEmptyResults', 'keepLongStdio', 'skipPublishingChecks',
                           'skipMarkingBuildUnstable', 'healthScaleFactor', 'testDataPublishers', 'checksName']) { Map given -> junit(given) }
    Steps.define('archiveArtifacts', ['artifacts!:text', 'allowEmptyArchive', 'excludes', 'fingerprint', 'onlyIfSuccessful',
                                      'caseSensitive', 'defaultExcludes', 'followSymlinks']) { Map given -> archive(given) }
    Steps.define('fingerprint', ['targets']) { Map given -> null }
    Steps.define('recordIssues', ['tool', 'tools', 'id', 'name', 'qualityGates', 'enabledForFailure', 'aggregatingResults',
                                  'failOnError', 'ignoreQualityGate', 'ignoreFailedBuilds', 'skipPublishingChecks', 'sourceCodeEncoding',
                                  'quiet']) { Map given -> recordIssues(given) }
    ['checkStyle', 'esLint', 'java', 'pmdParser', 'spotBugs'].each { String name ->
      Steps.define(name, ['pattern', 'id', 'name', 'reportEncoding', 'skipSymbolicLinks']) { Map given -> given + [parser: name] }
    }
  }

  private static Map junit(Map given) {
    File root = new File(Build.directory())
    Channel.log('Recording test results')
    List<String> files = Glob.find(root, given.testResults as String)
    if (!files) {
      if (!given.allowEmptyResults) throw new AbortException('No test report files were found. Configuration error?')
      Channel.log('No test report files were found.')
      return [totalCount: 0, failCount: 0, skipCount: 0, passCount: 0]
    }
    List<Map> suites = files.collectMany { suitesOf(new File(root, it)) }
    List<Map> cases = suites.collectMany { it.cases }
    int failed = cases.count { it.status in ['FAILED', 'REGRESSION'] }
    int skipped = cases.count { it.status == 'SKIPPED' }
    Channel.send([t: 'tests', suites: suites])
    if (failed > 0 && !given.skipMarkingBuildUnstable) {
      Build.worsen('UNSTABLE')
      Scope.current().stage?.worsen('UNSTABLE')
    }
    [totalCount: cases.size(), failCount: failed, skipCount: skipped, passCount: cases.size() - failed - skipped]
  }

  private static List<Map> suitesOf(File file) {
    def xml = xml(file)
    List suites = xml.name() == 'testsuite' ? [xml] : xml.testsuite.list()
    suites.collect { suite ->
      [name: suite.@name.text(), duration: seconds(suite.@time.text()), cases: suite.testcase.collect { testCase(it) }]
    }
  }

  private static Map testCase(entry) {
    def bad = [entry.failure, entry.error].find { it.size() > 0 }
    String status = bad ? 'FAILED' : entry.skipped.size() > 0 ? 'SKIPPED' : 'PASSED'
    [className: entry.@classname.text(), name: entry.@name.text(), duration: seconds(entry.@time.text()), status: status,
     errorDetails: bad ? bad[0].@message.text() : null, errorStackTrace: bad ? bad[0].text() : null]
  }

  private static double seconds(String text) {
    text.isNumber() ? text.toDouble() : 0
  }

  /** Loads what reads the reports, which takes longer than to read them. */
  static void warmUp() {
    reader().parseText('<a><b c="d"/></a>').b.collect { it.@c.text() }
  }

  private static XmlSlurper reader() {
    XmlSlurper slurper = new XmlSlurper(false, false)
    slurper.setFeature('http://apache.org/xml/features/disallow-doctype-decl', true)
    slurper
  }

  private static groovy.util.slurpersupport.GPathResult xml(File file) {
    try {
      return reader().parse(file)
    } catch (org.xml.sax.SAXException error) {
      throw new AbortException("${file.name} cannot be read: ${error.message}")
    }
  }

  private static Object recordIssues(Map given) {
    File root = new File(Build.directory())
    List tools = given.tools ?: [given.tool]
    tools.findAll().each { tool ->
      List<String> files = Glob.find(root, (tool.pattern ?: '**/checkstyle-result.xml') as String)
      List<Map> issues = files.collectMany { issuesOf(new File(root, it), root) }
      String id = tool.id ?: given.id ?: tool.parser.toLowerCase()
      Channel.log("[${tool.name ?: 'CheckStyle'}] Searching for all files in '${root}' that match the pattern '${tool.pattern}'")
      Channel.log("[${tool.name ?: 'CheckStyle'}] -> found ${files.size()} file(s), ${issues.size()} issue(s)")
      Channel.send([t: 'issues', id: id, issues: issues])
      given.qualityGates?.each { gate(it as Map, issues) }
    }
    null
  }

  private static void gate(Map gate, List<Map> issues) {
    int count = gate.type in ['TOTAL_ERROR', 'NEW_ERROR'] ? issues.count { it.severity == 'ERROR' } : issues.size()
    if (count < (gate.threshold as int)) return
    Channel.log("Quality gate missed: ${gate.type ?: 'TOTAL'} is ${count}, the limit ${gate.threshold}")
    String result = gate.unstable == false || gate.criticality == 'FAILURE' ? 'FAILURE' : 'UNSTABLE'
    Build.worsen(result)
    Scope.current().stage?.worsen(result)
  }

  private static List<Map> issuesOf(File report, File root) {
    xml(report).file.collectMany { file ->
      String name = file.@name.text()
      if (name.startsWith(root.path + '/')) name = name.substring(root.path.length() + 1)
      file.error.collect {
        String severity = [error: 'ERROR', warning: 'NORMAL', info: 'LOW', ignore: 'LOW'][it.@severity.text()] ?: 'NORMAL'
        [fileName: name, lineStart: it.@line.text().isInteger() ? it.@line.text().toInteger() : 0, severity: severity,
         message: it.@message.text(), type: it.@source.text().tokenize('.').last() ?: '']
      }
    }
  }

  private static Object archive(Map given) {
    File root = new File(Build.directory())
    if (given.onlyIfSuccessful && Build.currentBuild.currentResult != 'SUCCESS') return null
    Channel.log('Archiving artifacts')
    List<String> files = Glob.find(root, given.artifacts as String, given.excludes as String)
    if (!files) {
      String message = "No artifacts found that match the file pattern \"${given.artifacts}\". Configuration error?"
      if (!given.allowEmptyArchive) throw new AbortException(message)
      Channel.log(message)
      return null
    }
    FileSteps.copy(files, root, new File("${Build.config.directory}/archive"))
    null
  }
}
