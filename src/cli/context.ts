// What every command is given: the streams, the global options, and the way to a running Belay.
import { resolve } from 'node:path';
import type { ExitCode } from '../domain/errors.ts';
import { BelayError } from '../domain/errors.ts';
import type { Lang } from '../domain/system.ts';
import type { Client, ConnectOptions } from './client.ts';
import type { Output } from './output.ts';
import type { Wiring } from './wiring.ts';

export interface Globals {
  /** As typed, for sentences; `dataDir` is absolute. */
  readonly data: string;
  readonly dataDir: string;
  readonly config: string;
  readonly configDir: string;
  readonly lang: Lang;
  /** False when the language was taken from the environment. */
  readonly langGiven: boolean;
  readonly as: string | undefined;
}

export interface Context extends Globals {
  readonly out: Output;
  readonly wiring: Wiring;
  /** @throws BELAY_SERVER_UNREACHABLE when no Belay serves the data directory */
  reach(o?: Pick<ConnectOptions, 'timeoutMs'>): Promise<Client>;
}

/** What was typed after the name of a command. */
export interface Typed {
  readonly args: readonly (string | undefined)[];
  /** A last argument that takes the rest of the line. */
  readonly rest: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** `undefined` is success. */
export type Run = (context: Context, typed: Typed) => Promise<ExitCode | undefined>;

export function langOf(given: string | undefined, env: Readonly<Record<string, string | undefined>>): Lang {
  if (given === 'en' || given === 'pt-BR') return given;
  if (given !== undefined)
    throw new BelayError('BELAY_USAGE', `--lang is en or pt-BR, not "${given}".`, { hint: 'Type --lang en, or --lang pt-BR.' });
  return /^pt\b|^pt_/i.test(env['LC_ALL'] ?? env['LC_MESSAGES'] ?? env['LANG'] ?? '') ? 'pt-BR' : 'en';
}

export interface GlobalOptions {
  readonly data: string;
  readonly config: string;
  readonly lang?: string;
  readonly as?: string;
}

export function createContext(o: GlobalOptions, out: Output, wiring: Wiring): Context {
  const dataDir = resolve(o.data);
  return {
    data: o.data,
    dataDir,
    config: o.config,
    configDir: resolve(o.config),
    lang: langOf(o.lang, wiring.env),
    langGiven: o.lang !== undefined,
    as: o.as,
    out,
    wiring,
    reach: async (more = {}) => {
      const [{ connect }, http] = await Promise.all([import('./client.ts'), wiring.http()]);
      return connect(dataDir, http, { person: o.as, ...more });
    },
  };
}

// ---- options as they were typed; commander has checked that they exist, not what they hold

export function textOption(typed: Typed, name: string): string | undefined {
  const value = typed.options[name];
  return typeof value === 'string' ? value : undefined;
}

export function isSet(typed: Typed, name: string): boolean {
  return typed.options[name] === true;
}

export function listOption(typed: Typed, name: string): readonly string[] {
  const value = typed.options[name];
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

export function portOption(typed: Typed, otherwise: number): number {
  const text = textOption(typed, 'port');
  const port = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new BelayError('BELAY_USAGE', `--port is a number from 0 to 65535, not "${text ?? ''}".`, { hint: '0 picks a free one.' });
}

/** `INC-12`, `inc-12` and `12` are the same incident. */
export function incidentArg(text: string | undefined): string {
  const [, digits] = /^(?:inc-?)?(\d{1,9})$/i.exec(text ?? '') ?? [];
  if (digits !== undefined) return `INC-${Number(digits)}`;
  throw new BelayError('BELAY_USAGE', `"${text ?? ''}" is not an incident: they are called INC-1, INC-2, …`, {
    hint: 'List them: belay status',
  });
}
