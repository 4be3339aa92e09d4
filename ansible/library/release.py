#!/usr/bin/python3
"""Makes one release of a part the current one: unpack, flip, restart, check; on failure all the way back.

/srv/PART/releases/ID/main.js   what was unpacked
/srv/PART/current               a link to the release that runs
/srv/PART/history               the releases that ran well, one a line, the current one last
"""
import hashlib
import http.client
import json
import os
import shutil
import tarfile
import time
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule

DEADLINE_S = 30
CRASHES = 3


class Release:
    def __init__(self, module):
        self.module = module
        self.part = module.params["part"]
        self.tarballs = module.params["tarballs"]
        self.root = os.path.join("/srv", self.part)
        self.releases = os.path.join(self.root, "releases")
        self.link = os.path.join(self.root, "current")
        self.predecessor = None

    def current(self):
        return os.path.basename(os.readlink(self.link)) if os.path.islink(self.link) else None

    def history(self):
        """The releases that ran well, the last one that did at the end."""
        try:
            with open(os.path.join(self.root, "history"), encoding="utf-8") as file:
                return file.read().split()
        except FileNotFoundError:
            return [self.current()] if self.current() else []

    def remember(self, ran):
        path = os.path.join(self.root, "history")
        with open(path + ".next", "w", encoding="utf-8") as file:
            file.write("".join(name + "\n" for name in ran[-100:]))
        os.replace(path + ".next", path)

    def here(self):
        return sorted(name for name in os.listdir(self.releases) if "." not in name) if os.path.isdir(self.releases) else []

    def previous(self):
        """What ran well before the current one, if it is still here."""
        here = set(self.here()) - {self.current()}
        return next((name for name in reversed(self.history()) if name in here), None)

    def unpack(self, target):
        """Beside, then renamed: an interrupted copy never looks like a release."""
        folder = os.path.join(self.releases, target)
        if os.path.isdir(folder):
            return
        tarball = os.path.join(self.tarballs, "%s-%s.tar.gz" % (self.part, target))
        if not os.path.exists(tarball):
            self.fail("release %s is not on this host; there are: %s" % (target, ", ".join(self.here()) or "none"))
        with open(tarball, "rb") as file:
            found = hashlib.sha256(file.read()).hexdigest()
        if found != self.module.params["sha256"]:
            os.remove(tarball)
            self.fail("%s has checksum %s, not the one it was packaged with; removed, deploy again" % (tarball, found))
        staging = folder + ".unpacking"
        shutil.rmtree(staging, ignore_errors=True)
        os.makedirs(staging)
        with tarfile.open(tarball) as archive:
            archive.extractall(staging, members=[for_all_to_read(member) for member in archive])
        with open(os.path.join(staging, "release.env"), "w", encoding="utf-8") as file:
            file.write("COALMINE_RELEASE=%s\n" % target)
        os.chmod(staging, 0o755)
        os.rename(staging, folder)

    def flip(self, target):
        """A rename replaces the link in one step: there is always a current release."""
        beside = self.link + ".next"
        if os.path.lexists(beside):
            os.remove(beside)
        os.symlink(os.path.join("releases", target), beside)
        os.replace(beside, self.link)

    def run(self, target):
        """Makes a release the current one. None when it is well, else what is wrong."""
        self.flip(target)
        self.predecessor = self.shown("MainPID")
        crashes = self.crashes()
        for command in (["start", self.part + ".socket"], ["restart", self.part + ".service"]):
            code, _out, error = self.module.run_command(["systemctl"] + command)
            if code:
                return "systemctl %s: %s" % (" ".join(command), error.strip())
        said = {}
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            said = self.ask()
            if well(said, target):
                return None
            if self.crashes() - crashes >= CRASHES:
                return "it crashed %d times" % CRASHES
            time.sleep(0.05)
        return "not healthy after %d s: %s" % (DEADLINE_S, json.dumps(said))

    def crashes(self):
        return int(self.shown("NRestarts") or 0)

    def shown(self, name):
        _code, out, _error = self.module.run_command(["systemctl", "show", "--property=" + name, "--value", self.part + ".service"])
        return out.strip()

    def ask(self):
        """What /healthz says. The deadline is short: while a release crashes, its socket takes calls that nobody answers."""
        url = urlsplit(self.module.params["health"])
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=1)
        try:
            connection.request("GET", url.path)
            return json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            return {"ok": False, "error": str(error) or type(error).__name__}
        finally:
            connection.close()

    def journal(self, since):
        """What the release itself said, at that of its starts where it said most: the last one may be half-way through."""
        command = ["journalctl", "--quiet", "--output=json", "--output-fields=MESSAGE,_PID", "--lines=200", "--since=@%d" % since]
        _code, out, _error = self.module.run_command(command + ["_SYSTEMD_UNIT=%s.service" % self.part])
        starts = {}
        for entry in map(json.loads, out.splitlines()):
            starts.setdefault(entry["_PID"], []).append(readable(entry["MESSAGE"]))
        starts.pop(self.predecessor, None)
        return "\n".join(max(starts.values(), key=len, default=[])[-12:])

    def prune(self, keep):
        """The newest few stay for a rollback, and always the current one and the one before it."""
        protected = {self.current(), self.previous()}
        by_age = sorted(self.here(), key=lambda name: os.path.getmtime(os.path.join(self.releases, name)), reverse=True)
        kept = protected | set(by_age[:keep])
        for name in by_age:
            if name not in kept:
                shutil.rmtree(os.path.join(self.releases, name), ignore_errors=True)
        ours = {"%s-%s.tar.gz" % (self.part, name): name for name in tarballs_of(self.tarballs, self.part)}
        for file, name in ours.items():
            if name not in kept:
                os.remove(os.path.join(self.tarballs, file))

    def fail(self, reason):
        self.module.fail_json(msg="%s: %s" % (self.part, reason))


def well(said, target):
    return said.get("ok") is True and said.get("release") == target


def readable(message):
    """The journal gives what is not plain text, colours among it, as a list of bytes."""
    return message if isinstance(message, str) else bytes(message or []).decode("utf-8", "replace")


def for_all_to_read(member):
    """A tarball's owners and modes are those of the machine that packed it."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def tarballs_of(folder, part):
    prefix, suffix = part + "-", ".tar.gz"
    return [name[len(prefix):-len(suffix)] for name in os.listdir(folder) if name.startswith(prefix) and name.endswith(suffix)]


def main():
    module = AnsibleModule(
        argument_spec={
            "part": {"type": "str", "required": True},
            "id": {"type": "str"},
            "tarballs": {"type": "path", "default": "/var/cache"},
            "sha256": {"type": "str"},
            "health": {"type": "str", "required": True},
            "keep": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    release = Release(module)
    before = release.current()
    target = module.params["id"] or release.previous()
    if not target:
        release.fail("there is no earlier release to go back to; there are: %s" % (", ".join(release.here()) or "none"))
    if before == target and well(release.ask(), target):
        module.exit_json(changed=False, before=before, release=target)
    if module.check_mode:
        module.exit_json(changed=True, before=before, release=target)

    ran = release.history()
    good = ran[-1] if ran else None
    release.unpack(target)
    started = time.time()
    wrong = release.run(target)
    if wrong:
        journal = release.journal(started)
        if good and good != target:
            trouble = release.run(good)
            back = "back on %s%s" % (good, ", which is not well either: %s" % trouble if trouble else "")
        else:
            back = "there was nothing to go back to"
        release.fail("%s does not run: %s; %s\n%s" % (target, wrong, back, journal))
    os.utime(os.path.join(release.releases, target))
    release.remember(ran[: ran.index(target) + 1] if target in ran else ran + [target])
    release.prune(module.params["keep"])
    module.exit_json(changed=True, before=before, release=target)


if __name__ == "__main__":
    main()
