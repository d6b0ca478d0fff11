/** Where the pictures go: to this computer, or to a server with a name. */

const loopback = /^(localhost|127(\.\d+){3}|\[::1\]|.+\.localhost)$/i;

/** The server's name, or null when it is this computer. */
export function remoteHost(hostname: string): string | null {
  return loopback.test(hostname) ? null : hostname;
}
