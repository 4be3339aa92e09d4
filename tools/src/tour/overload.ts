/**
 * A script that puts a busy loop among the processes of the app for some seconds: its droplet's cgroup holds it, and the
 * monitor takes it for the app's own work.
 */
export function overloadFor(seconds: number): string {
  return `group=$(systemctl show --property=ControlGroup --value app-server)
for root in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  [ -e "$root$group/cgroup.procs" ] && procs=$root$group/cgroup.procs && break
done
setsid sh -c "echo \\$\\$ > $procs; exec timeout ${seconds} sh -c 'while :; do :; done'" </dev/null >/dev/null 2>&1 &`;
}

/** Ends the loop of an overload before its time; the brackets keep the script from finding itself. */
export const relief = `pkill -f 'while :; do [:]; done' || true`;
