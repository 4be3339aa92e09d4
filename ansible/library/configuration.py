#!/usr/bin/python3
"""Brings files into place and then what reads them up to date.

What is written but not yet in force is noted on the host first, so that a run that was cut off between the two
is finished by the next one. (A handler would be forgotten: its files no longer change.)
"""
import os
import tempfile

from ansible.module_utils.basic import AnsibleModule

PENDING = "/var/lib/coalmine/pending"


class Configuration:
    def __init__(self, module):
        self.module = module
        self.files = module.params["files"]
        self.links = module.params["links"]
        self.note = os.path.join(PENDING, module.params["name"])

    def different(self):
        """The files and links that are not as they should be."""
        files = [file for file in self.files if read(file["path"]) != file["content"] or mode(file["path"]) != int(file["mode"], 8)]
        links = [link for link in self.links if not os.path.islink(link["path"]) or os.readlink(link["path"]) != link["to"]]
        return files, links

    def diff(self, files):
        return [
            {
                "before_header": file["path"],
                "after_header": file["path"],
                "before": (read(file["path"]) or "") if not file["secret"] else "(secret)\n",
                "after": file["content"] if not file["secret"] else "(another secret)\n",
            }
            for file in files
        ]

    def write(self, file):
        """Beside, checked, then renamed: a reader sees the old or the new, never a part."""
        folder = os.path.dirname(file["path"])
        os.makedirs(folder, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(dir=folder, prefix=".coalmine-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(file["content"])
        if file["validate"]:
            code, out, error = self.module.run_command(file["validate"] % beside)
            if code:
                os.remove(beside)
                self.module.fail_json(msg="%s is refused by `%s`: %s" % (file["path"], file["validate"], (error or out).strip()))
        os.chmod(beside, int(file["mode"], 8))
        self.module.set_owner_if_different(beside, file["owner"], False)
        self.module.set_group_if_different(beside, file["owner"], False)
        os.replace(beside, file["path"])

    def link(self, link):
        os.makedirs(os.path.dirname(link["path"]), exist_ok=True)
        beside = link["path"] + ".coalmine"
        if os.path.lexists(beside):
            os.remove(beside)
        os.symlink(link["to"], beside)
        os.replace(beside, link["path"])

    def note_pending(self):
        os.makedirs(PENDING, mode=0o700, exist_ok=True)
        with open(self.note, "w", encoding="utf-8"):
            pass

    def put_in_force(self):
        for command in self.module.params["then"]:
            code, out, error = self.module.run_command(command)
            if code:
                self.module.fail_json(msg="`%s` ended with %d: %s" % (command, code, (error or out).strip()))
        if os.path.exists(self.note):
            os.remove(self.note)


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def mode(path):
    return os.stat(path).st_mode & 0o7777


def main():
    file = {
        "path": {"type": "path", "required": True},
        "content": {"type": "str", "required": True},
        "mode": {"type": "str", "default": "0644"},
        "owner": {"type": "str", "default": "root"},
        "validate": {"type": "str"},
        "secret": {"type": "bool", "default": False},
    }
    link = {"path": {"type": "path", "required": True}, "to": {"type": "str", "required": True}}
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "dict", "options": file, "default": []},
            "links": {"type": "list", "elements": "dict", "options": link, "default": []},
            "then": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    configuration = Configuration(module)
    files, links = configuration.different()
    changed = bool(files or links or os.path.exists(configuration.note))
    diff = configuration.diff(files)
    if changed and not module.check_mode:
        configuration.note_pending()
        for file in files:
            configuration.write(file)
        for link in links:
            configuration.link(link)
        configuration.put_in_force()
    module.exit_json(changed=changed, diff=diff, paths=[entry["path"] for entry in files + links])


if __name__ == "__main__":
    main()
