"""Writes what happens as JSON lines to the file that COALMINE_PROGRESS names; `coalmine` reads it while it grows."""
import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: coalmine_progress
    type: notification
    short_description: progress as JSON lines
    description: One line for each play, task and host result, and the final count.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "coalmine_progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        path = os.environ.get("COALMINE_PROGRESS")
        self.disabled = not path
        self.file = open(path, "a", buffering=1, encoding="utf-8") if path else None

    def write(self, event, **fields):
        self.file.write(json.dumps({"event": event, **fields}) + "\n")

    def result(self, event, result, **fields):
        self.write(event, host=result._host.get_name(), task=result._task.get_name(), **fields)

    def v2_playbook_on_play_start(self, play):
        self.write("play", name=play.get_name())

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.write("task", name=task.get_name())

    def v2_runner_on_ok(self, result):
        self.result("changed" if result._result.get("changed") else "ok", result)

    def v2_runner_on_skipped(self, result):
        self.result("skipped", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        if not ignore_errors:
            self.result("failed", result, message=reason(result._result))

    def v2_runner_on_unreachable(self, result):
        self.result("unreachable", result, message=reason(result._result))

    def v2_playbook_on_stats(self, stats):
        hosts = {}
        for host in stats.processed:
            summary = stats.summarize(host)
            hosts[host] = {key: summary[key] for key in ("ok", "changed", "failures", "unreachable")}
        self.write("stats", hosts=hosts)


def reason(result):
    """The message, or of a loop the messages of the items that failed."""
    items = [item for item in result.get("results", []) if item.get("failed") or item.get("unreachable")]
    if items:
        return "; ".join(reason(item) for item in items)
    text = str(result.get("stderr") or result.get("msg") or "no reason given").strip()
    # Errors of templates quote every template around them; the last message is the one that says what is wrong.
    return text.rpartition("original message: ")[2][:2000]
