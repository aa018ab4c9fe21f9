// What the options of `driver: git` mean, and which of them do not go together. Whatever is not plainly a branch, a remote or the name of
// a release never comes near git. It touches no file.
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { BelayError } from '../../domain/errors.ts';
import type { TargetOptions } from '../../domain/target-catalog.ts';

export type Access =
  | { readonly kind: 'http'; readonly header: string | null; readonly ca: string | null }
  | { readonly kind: 'ssh'; readonly key: string; readonly hostKey: string };

export interface Settings {
  /** Without a credential. */
  readonly remote: string;
  readonly branch: string;
  readonly access: Access;
  /** The bare clone of Belay's own; nobody works in it. */
  readonly mirror: string;
  readonly author: { readonly name: string; readonly mail: string };
  readonly versionUrl: string | null;
  readonly rebuildMs: number;
  readonly timeoutMs: number;
  readonly rewrite: boolean;
  readonly hotfixBranch: boolean;
  readonly runsReleaseHooks: boolean;
  /** Never to be shown. */
  readonly secrets: readonly string[];
}

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?$/;
const SSH_URL = /^ssh:\/\/([A-Za-z0-9_][\w.-]*)@([^/:@]+)(?::(\d{1,5}))?\/([\w./~+-]+)$/;
const SSH_SHORT = /^([A-Za-z0-9_][\w.-]*)@([^/:@]+):([\w.~][\w./~+-]*)$/;
const HOST_KEY = /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{20,2000}={0,2}$/;
const BRANCH = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;
const RELEASE = /^[A-Za-z0-9][A-Za-z0-9._/+@-]{0,199}$/;
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** A tag or a commit, and nothing that git would read as an option or as a way from there to somewhere else. */
export const isReleaseName = (name: string): boolean => RELEASE.test(name) && !/\.\.|@\{|\/\/|\.lock(?:\/|$)|[./]$/.test(name);

/** @throws BELAY_CONFIG_INVALID */
export function readSettings(options: TargetOptions<'git'>, baseDir: string): Settings {
  const { remote, branch, author, token } = options;
  if (!BRANCH.test(branch) || !isReleaseName(branch)) throw wrong(`branch: ${JSON.stringify(branch)} is not the name of a branch`);
  const access = accessOf(options, baseDir);
  if (access.kind === 'ssh' && /["\n\r]/.test(`${baseDir}${options.mirror ?? ''}`))
    throw wrong('mirror: this path cannot be written for ssh');
  const place = createHash('sha256').update(`${remote}\n${branch}`).digest('hex').slice(0, 16);
  return {
    remote,
    branch,
    access,
    mirror: resolve(baseDir, options.mirror ?? `.belay/git/${place}`),
    author: authorOf(author),
    versionUrl: options.versionUrl ?? null,
    rebuildMs: options.rebuildMs,
    timeoutMs: options.timeoutMs,
    rewrite: options.rewrite,
    hotfixBranch: options.hotfixBranch,
    runsReleaseHooks: options.runsReleaseHooks,
    secrets: [
      ...(token === undefined ? [] : [token]),
      ...(access.kind === 'http' && access.header !== null ? [access.header.replace('Basic ', '')] : []),
    ],
  };
}

function accessOf(options: TargetOptions<'git'>, baseDir: string): Access {
  const { remote, token, user, key, hostKey, ca } = options;
  if (/^https?:\/\//.test(remote)) {
    if (key !== undefined || hostKey !== undefined) throw wrong('key: it and hostKey are for remotes over ssh');
    const url = httpUrl(remote);
    if (token !== undefined && url.protocol === 'http:' && !LOOPBACK.has(url.hostname))
      throw wrong('token: it would cross the network for everybody to read; use https');
    if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) throw wrong('token: it has a space or a character that no token has');
    const header = token === undefined ? null : `Basic ${Buffer.from(`${user ?? 'x-access-token'}:${token}`).toString('base64')}`;
    return { kind: 'http', header, ca: ca === undefined ? null : resolve(baseDir, ca) };
  }
  const parts = SSH_URL.exec(remote) ?? SSH_SHORT.exec(remote);
  if (parts === null || !HOST.test(parts[2] ?? '')) throw wrong('remote: it is neither https://host/path nor ssh://user@host/path');
  if (token !== undefined || user !== undefined || ca !== undefined) throw wrong('token: it, user and ca are for remotes over https');
  if (key === undefined) throw wrong('key: a remote over ssh needs the file of a private key');
  if (hostKey === undefined)
    throw wrong('hostKey: a remote over ssh needs its public key, such as "ssh-ed25519 AAAA…" (ssh-keyscan shows it)');
  if (!HOST_KEY.test(hostKey.trim())) throw wrong('hostKey: it is not "ssh-ed25519 AAAA…", the type and the key without a host');
  if (/["\n\r]/.test(key)) throw wrong('key: this path cannot be written for ssh');
  return { kind: 'ssh', key: resolve(baseDir, key), hostKey: hostKey.trim() };
}

function httpUrl(remote: string): URL {
  const url = URL.canParse(remote) ? new URL(remote) : null;
  if (url === null || /[\s\\]/.test(remote)) throw wrong('remote: it is no address');
  if (url.username !== '' || url.password !== '') throw wrong('remote: a credential stands in the address; write it as token');
  if (url.search !== '' || url.hash !== '') throw wrong('remote: it has a ? or a #, which no remote has');
  return url;
}

function authorOf(author = 'Belay <belay@localhost>'): Settings['author'] {
  const [, name, mail] = /^([^<>\n\r]{1,100}?)\s*<([^<>\s]{1,200})>$/.exec(author.trim()) ?? [];
  if (name === undefined || mail === undefined) throw wrong('author: it is not "Name <mail@host>"');
  return { name, mail };
}

const wrong = (why: string): BelayError => new BelayError('BELAY_CONFIG_INVALID', `driver git: ${why}`);
