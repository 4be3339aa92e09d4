/** Publishes test results and findings; says so, and goes on, where a plugin for it is missing. */
def call() {
  whereInstalled('junit') {
    junit testResults: 'build/reports/junit-*.xml', allowEmptyResults: true
  }
  whereInstalled('warnings-ng') {
    recordIssues enabledForFailure: true, tools: [checkStyle(pattern: 'build/reports/checkstyle.xml')]
  }
}

def whereInstalled(String plugin, Closure body) {
  try {
    body()
  } catch (NoSuchMethodError missing) {
    echo "The plugin ${plugin} is not installed: its report is not published"
  }
}
