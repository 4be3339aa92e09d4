"""What python3-jenkins does with a controller, printed as JSON: python-client.py URL USER SECRET."""
import json
import sys
import time

import jenkins
import requests

url, user, secret = sys.argv[1:4]
server = jenkins.Jenkins(url, username=user, password=secret, timeout=20)
said = {}


def config(script):
    escaped = script.replace("&", "&amp;").replace("<", "&lt;")
    return f"""<?xml version='1.1' encoding='UTF-8'?>
<flow-definition plugin="workflow-job"><description>from Python</description><properties>
<hudson.model.ParametersDefinitionProperty><parameterDefinitions>
<hudson.model.StringParameterDefinition><name>WHO</name><defaultValue>nobody</defaultValue></hudson.model.StringParameterDefinition>
</parameterDefinitions></hudson.model.ParametersDefinitionProperty></properties>
<definition class="org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition"><script>{escaped}</script></definition></flow-definition>"""


def pipeline(steps):
    return f"pipeline {{\n agent any\n stages {{\n stage('Only') {{\n steps {{\n{steps}\n}}\n}}\n}}\n}}\n"


def number_of(item):
    for _ in range(200):
        executable = server.get_queue_item(item).get("executable")
        if executable:
            return executable["number"]
        time.sleep(0.05)
    raise RuntimeError("the item stays in the queue")


def finished(job, number):
    for _ in range(400):
        info = server.get_build_info(job, number)
        if not info["building"]:
            return info
        time.sleep(0.05)
    raise RuntimeError("the build does not end")


JOB = "from python"
SUITE = '<testsuite name="s"><testcase classname="c" name="t"><failure message="no"/></testcase></testsuite>'
said["who"] = server.get_whoami()["fullName"]
said["version"] = server.get_version()
server.create_job(JOB, config(pipeline(f"""echo "hello ${{params.WHO}}"
writeFile file: 'r.xml', text: '''{SUITE}'''
archiveArtifacts 'r.xml'
junit 'r.xml'""")))
said["description"] = server.get_job_info(JOB)["description"]
said["configured"] = "from Python" in server.get_job_config(JOB)
build = number_of(server.build_job(JOB, {"WHO": "ünd & co"}))
info = finished(JOB, build)
said["result"] = info["result"]
said["artifacts"] = [artifact["relativePath"] for artifact in info["artifacts"]]
said["console"] = server.get_build_console_output(JOB, build)
said["tests"] = server.get_build_test_report(JOB, build)["failCount"]
said["jobs"] = sorted(job["fullname"] for job in server.get_all_jobs())
said["view"] = [job["name"] for job in server.get_jobs(view_name="all")]
said["last"] = server.get_job_info(JOB, depth=1)["lastBuild"]["result"]

server.copy_job(JOB, "copied")
server.rename_job("copied", "renamed")
server.reconfig_job("renamed", config(pipeline("sleep 600")))
slow = number_of(server.build_job("renamed", {"WHO": "first"}))
waits = server.build_job("renamed", {"WHO": "second"})
while not server.get_running_builds():
    time.sleep(0.05)
said["running"] = [build["name"] for build in server.get_running_builds()]
queued = [item for item in server.get_queue_info() if item["id"] == waits]
said["queued"] = [[item["why"], item["params"]] for item in queued]
server.cancel_queue(waits)
said["cancelled"] = server.get_queue_item(waits)["cancelled"]
server.stop_build("renamed", slow)
said["stopped"] = finished("renamed", slow)["result"]
server.disable_job("renamed")
said["disabled"] = server.get_job_info("renamed")["color"]
server.enable_job("renamed")
said["enabled"] = server.get_job_info("renamed")["buildable"]
# delete_build() of this version cannot send a crumb (it gives no headers to add one to): the same request by hand.
server.jenkins_open(requests.Request("POST", f"{url}/job/renamed/{slow}/doDelete"))
said["builds"] = len(server.get_job_info("renamed", fetch_all_builds=True)["builds"])
server.delete_job("renamed")
said["gone"] = not server.job_exists("renamed")
try:
    server.get_job_info("renamed")
except jenkins.JenkinsException as error:
    said["missing"] = str(error)
try:
    jenkins.Jenkins(url, username=user, password="wrong").get_whoami()
except jenkins.JenkinsException as error:
    said["refused"] = str(error).splitlines()[0]
said["plugins"] = "git" in [plugin["shortName"] for plugin in server.get_plugins().values()]
print(json.dumps(said))
