// `policy:` of belay.yaml: what steps of kind `run` may start, with which variables, and on which hosts; which settings are dangerous; what is
// demanded of deploys.
import type { DeployPolicy } from '../domain/deploy-policy.ts';
import { type AllowedCommand, hostOf, LOCAL, type RunPolicy } from '../domain/run-policy.ts';
import type { Policy } from '../domain/system.ts';
import type { Keys, Reader } from './read.ts';
import { id, listOf, mapOf, optional, present, record, required, text, wrong } from './read.ts';
import { like, sshHost } from './ssh-host.ts';

const VARIABLE_KEYS: Keys = { form: 'the name of a variable, such as NPM_TOKEN', pattern: /^[A-Za-z_][A-Za-z0-9_]*$/ };
const HASH = /^[0-9a-f]{64}$/;

export const variableName: Reader<string> = like(VARIABLE_KEYS.pattern, VARIABLE_KEYS.form);

/** `local`, or `ssh:<host>`. */
export const place: Reader<string> = (value, problems, name) => {
  const read = text(value, problems, name);
  if (read === undefined || read === LOCAL) return read;
  return /^ssh:[a-z][a-z0-9-]*$/.test(read) && hostOf(read) !== null
    ? read
    : wrong(value, problems, name, 'local, or ssh:<host> of policy: run: hosts:');
};

/** A command as a runbook writes it. */
const command = record({
  cmd: required(listOf(text, 1)),
  on: optional(place),
  cwd: optional(text),
  env: optional(listOf(variableName)),
});

const smokeFields = record({ suite: optional(id), synthetic: optional(id) });

const smoke: Reader<NonNullable<DeployPolicy['smoke']>> = (value, problems, name) => {
  const read = smokeFields(value, problems, name);
  if (read === undefined) return undefined;
  const { suite, synthetic } = read;
  if (suite !== undefined && synthetic === undefined) return { probe: 'smoke', of: suite };
  if (synthetic !== undefined && suite === undefined) return { probe: 'synthetic', of: synthetic };
  return wrong(value, problems, name, 'either { suite: <id> } or { synthetic: <id> }');
};

const deployFields = record({ stagedOn: optional(id), smoke: optional(smoke) });

const deploy: Reader<Omit<DeployPolicy, 'target'>> = (value, problems, name) => {
  const read = deployFields(value, problems, name);
  if (read === undefined) return undefined;
  if (value.kind === 'map' && value.entries.length === 0) return wrong(value, problems, name, 'stagedOn, smoke, or both');
  return present(read);
};

const policy = record({
  run: optional(
    record({
      runbooks: optional(mapOf(like(HASH, 'the hash of the runbook: 64 digits, as "belay lint" says it'))),
      commands: optional(mapOf(command)),
      env: optional(mapOf(text, VARIABLE_KEYS)),
      hosts: optional(mapOf(sshHost)),
    }),
  ),
  dangerous: optional(listOf(text)),
  deploys: optional(mapOf(deploy)),
});

export const readPolicy: Reader<Policy> = (value, problems, name) => {
  const read = policy(value, problems, name);
  if (read === undefined) return undefined;
  const deploys = Object.entries(read.deploys ?? {}).map(([target, one]): DeployPolicy => ({ target, ...one }));
  return present({
    run: read.run === undefined ? undefined : runPolicy(read.run),
    dangerous: read.dangerous,
    deploys: read.deploys === undefined ? undefined : deploys,
  });
};

function runPolicy(run: NonNullable<NonNullable<ReturnType<typeof policy>>['run']>): RunPolicy {
  return {
    runbooks: run.runbooks ?? {},
    commands: each(run.commands, commandOf),
    env: run.env ?? {},
    hosts: run.hosts ?? {},
  };
}

function each<T, R>(all: Readonly<Record<string, T>> | undefined, make: (one: T) => R | null): Readonly<Record<string, R>> {
  const made = Object.entries(all ?? {}).map(([key, one]) => [key, make(one)] as const);
  return Object.fromEntries(made.filter((one): one is readonly [string, R] => one[1] !== null));
}

function commandOf({ cmd, on, cwd, env }: NonNullable<ReturnType<typeof command>>): AllowedCommand | null {
  return cmd === undefined ? null : { cmd, on: on ?? LOCAL, env: env ?? [], ...present({ cwd }) };
}

/** For readers of steps. */
export const commandWords: Reader<readonly string[]> = listOf(text, 1);
