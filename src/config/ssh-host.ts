// Another host that Belay reaches by ssh, as people write it: policy.run.hosts and targets have it in one form.
import type { SshHost } from '../domain/run-policy.ts';
import type { Reader } from './read.ts';
import { int, optional, record, required, text, wrong } from './read.ts';

const HOST_KEY = /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{20,2000}={0,2}$/;
const ADDRESS = /^[A-Za-z0-9][A-Za-z0-9.:-]*$/;
const USER = /^[A-Za-z_][\w.-]*$/;

/** A text of one form. */
export function like(pattern: RegExp, expected: string): Reader<string> {
  return (value, problems, name) => {
    const read = text(value, problems, name);
    return read === undefined || pattern.test(read.trim()) ? read?.trim() : wrong(value, problems, name, expected);
  };
}

/** The path of a file, for a line of ssh's own configuration. */
const keyFile: Reader<string> = like(/^[^"\n\r]+$/, 'the file of a private key');

const fields = record({
  address: required(like(ADDRESS, 'a name or an address, such as web-1.example.com')),
  port: optional(int(1, 65_535)),
  user: required(like(USER, 'the name of a user')),
  hostKey: required(like(HOST_KEY, 'the public key of the host, such as "ssh-ed25519 AAAA…" (ssh-keyscan shows it)')),
  key: required(keyFile),
});

export const sshHost: Reader<SshHost> = (value, problems, name) => {
  const { address, port, user, hostKey, key } = fields(value, problems, name) ?? {};
  if (address === undefined || user === undefined || hostKey === undefined || key === undefined) return undefined;
  return { address, user, hostKey, key, port: port ?? 22 };
};
