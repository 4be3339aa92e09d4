const firstDescriptor = 3;

/**
 * systemd's listening socket, or null without one. Taken out of the environment, as sd_listen_fds(3) says: it is
 * HAProxy's now, and nobody else's.
 */
export function takeSocket(environment: NodeJS.ProcessEnv = process.env): number | null {
  const isOurs = environment.LISTEN_FDS === '1' && environment.LISTEN_PID === String(process.pid);
  delete environment.LISTEN_FDS;
  delete environment.LISTEN_PID;
  return isOurs ? firstDescriptor : null;
}
