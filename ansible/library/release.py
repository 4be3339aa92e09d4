#!/usr/bin/python3
"""Makes one release of a part the current one: unpack, flip, restart, check; on failure all the way back."""
import hashlib
import http.client
import json
import os
import shutil
import socket
import tarfile
import time
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule

DEADLINE_S = 30


class Release:
    def __init__(self, module):
        self.module = module
        self.part = module.params["part"]
        self.id = module.params["id"]
        self.root = os.path.join("/srv", self.part)
        self.folder = os.path.join(self.root, "releases", self.id)
        self.link = os.path.join(self.root, "current")

    def current(self):
        return os.path.basename(os.readlink(self.link)) if os.path.islink(self.link) else None

    def unpack(self):
        """Beside, then renamed: an interrupted copy never looks like a release."""
        tarball = self.module.params["tarball"]
        if os.path.isdir(self.folder):
            return
        if not tarball or not os.path.exists(tarball):
            have = sorted(os.listdir(os.path.join(self.root, "releases"))) if os.path.isdir(self.root) else []
            self.module.fail_json(
                msg="release %s of %s is not on this host any more; there are: %s" % (self.id, self.part, ", ".join(have) or "none")
            )
        with open(tarball, "rb") as file:
            found = hashlib.sha256(file.read()).hexdigest()
        if found != self.module.params["sha256"]:
            os.remove(tarball)
            self.module.fail_json(msg="%s has checksum %s, not the one it was packaged with; removed, deploy again" % (tarball, found))
        staging = self.folder + ".unpacking"
        shutil.rmtree(staging, ignore_errors=True)
        os.makedirs(staging)
        with tarfile.open(tarball) as archive:
            archive.extractall(staging)
        with open(os.path.join(staging, "release.env"), "w", encoding="utf-8") as file:
            file.write("COALMINE_RELEASE=%s\n" % self.id)
        os.chmod(staging, 0o755)
        os.rename(staging, self.folder)
        os.remove(tarball)

    def flip(self, target):
        """A rename replaces the link in one step: there is always a current release."""
        beside = self.link + ".next"
        if os.path.lexists(beside):
            os.remove(beside)
        os.symlink(os.path.join("releases", target), beside)
        os.replace(beside, self.link)

    def restart(self):
        """The socket stays open throughout, so connections wait instead of failing."""
        units = [self.part + ".socket", self.part + ".service"]
        self.module.run_command(["systemctl", "enable", "--quiet"] + units)
        self.module.run_command(["systemctl", "start", units[0]])
        code, _out, error = self.module.run_command(["systemctl", "restart", units[1]])
        return error.strip() if code else None

    def healthy(self, target):
        """None when /healthz says that this very release runs and is well; else what it said last."""
        said = "no answer"
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            said = self.ask()
            if said.get("ok") and said.get("release") == target:
                return None
            time.sleep(0.05)
        return json.dumps(said)

    def ask(self):
        url = urlsplit(self.module.params["health"])
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=5)
        try:
            connection.request("GET", url.path)
            return json.loads(connection.getresponse().read())
        except (OSError, socket.timeout, http.client.HTTPException, ValueError) as error:
            return {"ok": False, "error": str(error)}
        finally:
            connection.close()

    def journal(self):
        _code, out, _error = self.module.run_command(["journalctl", "--no-pager", "-o", "cat", "-n", "8", "-u", self.part])
        return out.strip()

    def prune(self, keep):
        """The newest few stay for a rollback, and always the current and the one before."""
        folder = os.path.join(self.root, "releases")
        protected = {self.id, self.current()}
        others = [name for name in os.listdir(folder) if name not in protected]
        others.sort(key=lambda name: os.path.getmtime(os.path.join(folder, name)), reverse=True)
        for name in others[max(keep - 1, 1):]:
            shutil.rmtree(os.path.join(folder, name), ignore_errors=True)


def main():
    module = AnsibleModule(
        argument_spec={
            "part": {"type": "str", "required": True},
            "id": {"type": "str", "required": True},
            "tarball": {"type": "str"},
            "sha256": {"type": "str"},
            "health": {"type": "str", "required": True},
            "keep": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    release = Release(module)
    before = release.current()
    if before == release.id and release.ask().get("release") == release.id:
        module.exit_json(changed=False, release=release.id)
    if module.check_mode:
        module.exit_json(changed=True, before=before, release=release.id)

    release.unpack()
    os.utime(release.folder)
    release.flip(release.id)
    wrong = release.restart() or release.healthy(release.id)
    if wrong:
        journal = release.journal()
        back = "there was nothing to go back to"
        if before and before != release.id:
            release.flip(before)
            trouble = release.restart() or release.healthy(before)
            back = "back on %s" % before + (", which is not well either: %s" % trouble if trouble else "")
        module.fail_json(msg="%s %s did not become healthy in %d s (%s); %s\n%s" % (release.part, release.id, DEADLINE_S, wrong, back, journal))
    release.prune(module.params["keep"])
    module.exit_json(changed=True, before=before, release=release.id)


if __name__ == "__main__":
    main()
