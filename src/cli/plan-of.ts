// The plan of a runbook for the command line: from the Belay that lives here, else from the files of this folder.

import { writtenTime } from '../config/written-time.ts';
import { BelayError } from '../domain/errors.ts';
import type { InputSpec } from '../domain/ir.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Plan } from '../domain/plan.ts';
import { DURATION_FORM, parseDuration } from '../domain/units.ts';
import { NO_NUMBER_YET } from '../flows/incident-number.ts';
import type { ReleaseChoice } from '../flows/release-choice.ts';
import { pairs } from './api.ts';
import type { Client } from './client.ts';
import type { Context, Typed } from './context.ts';
import { listOption, textOption } from './context.ts';
import { pickRelease } from './release-pick.ts';

type Inputs = Readonly<Record<string, InputSpec>>;

/** A release that is needed and was not named is chosen from the list of those that there are. */
export async function planFromServer(client: Client, typed: Typed, context: Pick<Context, 'out' | 'lang'>): Promise<Plan> {
  const runbook = typed.args[0] ?? '';
  const { runbooks } = await client.get<{ runbooks: readonly { readonly id: string; readonly inputs: Inputs }[] }>('/v1/runbooks');
  const known = runbooks.find((one) => one.id === runbook);
  if (known === undefined)
    throw notFound(
      runbook,
      runbooks.map((one) => one.id),
    );
  const given = inputsOf(typed, known.inputs);
  const isMissing = ([name, spec]: readonly [string, InputSpec]): boolean =>
    spec.type === 'release' && spec.required && spec.default === undefined && given[name] === undefined;
  const skip = listOption(typed, 'skip');
  const planOf = (inputs: JsonObject): Promise<Plan> =>
    client.post<Plan>('/v1/plans', { runbook, inputs, ...(skip.length === 0 ? {} : { skip }) });
  if (!Object.entries(known.inputs).some(isMissing)) return planOf(given);
  const org = typeof given['org'] === 'string' ? `?org=${encodeURIComponent(given['org'])}` : '';
  const { choices } = await client.get<{ choices: readonly ReleaseChoice[] }>(`/v1/runbooks/${encodeURIComponent(runbook)}/releases${org}`);
  const picked: Record<string, Json> = { ...given };
  for (const choice of choices) if (picked[choice.input] === undefined) picked[choice.input] = await pickRelease(context, choice);
  return planOf(picked);
}

/** The same steps and the same hash as a Belay that runs would give; only what it measures is missing. */
export async function planFromFiles({ wiring, configDir, dataDir, out }: Context, typed: Typed): Promise<Plan> {
  const [{ loadConfig }, { makePlan }] = await Promise.all([import('./load-config.ts'), import('../flows/plan.ts')]);
  const runbook = typed.args[0] ?? '';
  const config = await loadConfig(configDir, wiring, (line) => out.say(line));
  const pinned = config.runbooks[runbook];
  if (pinned === undefined) throw notFound(runbook, Object.keys(config.runbooks));
  const parts = await wiring.openParts({ system: config.system, baseDir: config.baseDir, dataDir });
  return makePlan(parts.plan, pinned, { inputs: inputsOf(typed, pinned.runbook.inputs), incident: { id: NO_NUMBER_YET }, outputs: {} });
}

function notFound(runbook: string, known: readonly string[]): BelayError {
  return new BelayError('BELAY_NOT_FOUND', `There is no runbook ${runbook}.`, {
    hint: known.length === 0 ? 'No runbook is loaded. Write one: belay init' : `Runbooks: ${known.join(', ')}.`,
  });
}

export function inputsOf(typed: Typed, specs: Inputs): JsonObject {
  const org = textOption(typed, 'org');
  const given = pairs(listOption(typed, 'input'), '--input', (name, text) => inputValue(name, text, specs[name]));
  if (org === undefined) return given;
  const name = Object.keys(specs).find((one) => specs[one]?.type === 'org');
  if (name === undefined)
    throw new BelayError('BELAY_USAGE', `This runbook serves all organizations; --org ${org} has no place in it.`, {
      hint: 'Leave --org away, or name a runbook with an input of type org.',
    });
  return { ...given, [name]: org };
}

function inputValue(name: string, text: string, spec: InputSpec | undefined): Json {
  const wrong = (form: string): never => {
    throw new BelayError('BELAY_INPUT_INVALID', `The input ${name} is ${form}, not "${text}".`, { hint: `Write it as --input ${name}=…` });
  };
  switch (spec?.type) {
    case 'int':
      return /^-?\d+$/.test(text) ? Number(text) : wrong('a whole number');
    case 'bool':
      return text === 'true' || text === 'false' ? text === 'true' : wrong('true or false');
    case 'duration': {
      const parsed = parseDuration(text);
      return parsed.ok ? parsed.value : wrong(DURATION_FORM);
    }
    case 'time':
      // Without its zone it would be that of whoever types.
      return writtenTime(text)?.at ?? wrong('a time with its zone, such as 2026-03-01T14:35:00Z or 2026-03-01T14:35-03:00');
    default:
      return text;
  }
}
