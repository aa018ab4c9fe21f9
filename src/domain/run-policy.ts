// What steps of kind `run` may start: nothing, unless `policy: run:` of belay.yaml allows the text of a runbook by its hash, or one command
// word for word. It starts nothing, and knows no process.
import type { Runbook, RunStep } from './ir.ts';
import { ownSteps } from './ir.ts';

export interface SshHost {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** The public key of the host, such as `ssh-ed25519 AAAA…`: it is the only one that is believed. */
  readonly hostKey: string;
  /** The file of a private key. */
  readonly key: string;
}

/** A command as a runbook writes it, references included. */
export interface AllowedCommand {
  readonly cmd: readonly string[];
  readonly on: string;
  readonly cwd?: string;
  readonly env: readonly string[];
}

export interface RunPolicy {
  /** Runbook → the hash of its IR. */
  readonly runbooks: Readonly<Record<string, string>>;
  readonly commands: Readonly<Record<string, AllowedCommand>>;
  /** What commands may be given, by name. */
  readonly env: Readonly<Record<string, string>>;
  readonly hosts: Readonly<Record<string, SshHost>>;
}

export const NO_RUN_POLICY: RunPolicy = { runbooks: {}, commands: {}, env: {}, hosts: {} };
export const LOCAL = 'local';

export interface RunRefusal {
  readonly message: string;
  /** What to type into belay.yaml. */
  readonly hint: string;
}

/** The run's own runbook, which is what people allow; the step may stand in one that it calls. */
interface Asking {
  readonly runbook: string;
  readonly irHash: string;
  readonly step: Pick<RunStep, 'id' | 'cmd' | 'on' | 'cwd' | 'env' | 'undo'>;
}

/** Null: the step may start its command, and that of its undo. */
export function runRefusal(policy: RunPolicy, { runbook, irHash, step }: Asking): RunRefusal | null {
  const host = hostOf(step.on);
  if (host !== null && !Object.hasOwn(policy.hosts, host))
    return {
      message: `the step ${step.id} runs on ${step.on}, and belay.yaml names no such host`,
      hint: `In belay.yaml: policy: { run: { hosts: { ${host}: { address: …, user: …, hostKey: "ssh-ed25519 AAAA…", key: … } } } }`,
    };
  const unnamed = step.env.find((name) => !Object.hasOwn(policy.env, name));
  if (unnamed !== undefined)
    return {
      message: `the step ${step.id} wants ${unnamed} in its environment, and belay.yaml gives commands no such variable`,
      hint: `In belay.yaml: policy: { run: { env: { ${unnamed}: "{env.${unnamed}}" } } }`,
    };
  // The hash says which runbook it is, too: that of a fan-out covers the parts of it.
  if (Object.values(policy.runbooks).includes(irHash)) return null;
  const wanted = wordsOf(step);
  const refused = wanted.find((cmd) => !isListed(policy, step, cmd));
  if (refused === undefined) return null;
  const changed = Object.hasOwn(policy.runbooks, runbook);
  return {
    message: changed
      ? `the step ${step.id} may not run ${commandText(refused)}: ${runbook} is not the text that belay.yaml allows any more`
      : `the step ${step.id} may not run ${commandText(refused)}: belay.yaml does not allow it`,
    hint: `To allow ${runbook} as it is now, write in belay.yaml: policy: { run: { runbooks: { ${runbook}: ${irHash} } } }. To allow this command alone: policy: { run: { commands: { ${step.id.replaceAll('.', '-')}: ${commandYaml(step, refused)} } } }`,
  };
}

/** Of a linked runbook and of all that it carries out. */
export function commandsIn(runbook: Pick<Runbook, 'phases'>): readonly RunStep[] {
  return ownSteps(runbook).flatMap((step) => {
    if (step.kind === 'run') return [step];
    return step.kind === 'call' || step.kind === 'each' ? commandsIn(step.runbook) : [];
  });
}

/** The host of `ssh:<host>`; null for this machine. */
export function hostOf(on: string): string | null {
  return on.startsWith('ssh:') ? on.slice('ssh:'.length) : null;
}

function wordsOf({ cmd, undo }: Asking['step']): readonly (readonly string[])[] {
  return undo !== undefined && 'cmd' in undo ? [cmd, undo.cmd] : [cmd];
}

/** Word for word, and in the same place with the same variables: elsewhere the same words do something else. */
function isListed(policy: RunPolicy, step: Asking['step'], cmd: readonly string[]): boolean {
  return Object.values(policy.commands).some(
    (one) => one.on === step.on && one.cwd === step.cwd && same(one.cmd, cmd) && same(one.env.toSorted(), step.env.toSorted()),
  );
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((one, at) => one === b[at]);

function commandYaml(step: Asking['step'], cmd: readonly string[]): string {
  const list = (words: readonly string[]): string => `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
  const more = [
    ...(step.on === LOCAL ? [] : [`on: ${JSON.stringify(step.on)}`]),
    ...(step.cwd === undefined ? [] : [`cwd: ${JSON.stringify(step.cwd)}`]),
    ...(step.env.length === 0 ? [] : [`env: ${list(step.env)}`]),
  ];
  return `{ ${[`cmd: ${list(cmd)}`, ...more].join(', ')} }`;
}

/** For people: words that a shell would read otherwise are in quotes. No shell ever reads it. */
export function commandText(cmd: readonly string[]): string {
  return cmd.map((word) => (/^[\w@%+=:,./{}-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

const LONGEST_ARGUMENT = 4_096;
const ENDS_OPTIONS: readonly string[] = ['--', '--end-of-options'];

/**
 * Why a value may not stand where a reference stood: as the name of a program, or where it would be read as an option. Null: it may.
 * `template` is what the runbook writes.
 */
export function argumentProblem(template: readonly string[], filled: readonly string[]): string | null {
  for (const [at, value] of filled.entries()) {
    const written = template[at] ?? '';
    if (written === value) continue;
    if (at === 0) return `${written} cannot say which program runs`;
    if (value === '') return `${written} is empty`;
    if (value.length > LONGEST_ARGUMENT) return `${written} is longer than ${LONGEST_ARGUMENT} characters`;
    if (/\p{Cc}/u.test(value)) return `${written} has characters that no argument has`;
    const ended = template.slice(0, at).some((word) => ENDS_OPTIONS.includes(word));
    if (value.startsWith('-') && !ended) return `${written} is "${value}", which would be read as an option; write "--" before it`;
  }
  return null;
}
