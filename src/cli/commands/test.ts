// `belay test`: plays the scenes of a folder, those of triggers through the detection of production, those of runbooks through its flows in a
// world that is made up. It needs no server, no store, no source and no secret.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { renderDiagnostics } from '../../config/diagnostics.ts';
import { readScenes, type SceneFile } from '../../config/scenes.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { BelayError, EXIT } from '../../domain/errors.ts';
import type { Runbook } from '../../domain/ir.ts';
import type { System } from '../../domain/system.ts';
import { judgeScene, type PlayedRun } from '../../flows/rehearse/judge-scene.ts';
import { type Played, playScene } from '../../flows/rehearse/scene.ts';
import type { Context, Run } from '../context.ts';
import { loadConfig } from '../load-config.ts';
import { rehearsalWords } from '../rehearsal-text.ts';
import { scenesJson, scenesText } from '../scene-text.ts';
import type { Wiring } from '../wiring.ts';

const SCENE_FILE = /\.scene\.ya?ml$/i;

/** Between two lines about how far it is. */
const PROGRESS_MS = 1_000;

export const run: Run = async (context, typed): Promise<ExitCode> => {
  const { out, lang, wiring, configDir } = context;
  const env = { ...placeholders(configDir), ...wiring.env };
  // Placeholders are no addresses, and nothing is opened.
  const lintTools: Wiring['lintTools'] = async () => ({ ...(await wiring.lintTools()), driverProblem: () => null });
  const { system, runbooks } = await loadConfig(configDir, { ...wiring, env, lintTools }, out.say);
  const files = typed.rest.length > 0 ? typed.rest.map((file) => resolve(file)) : filesIn(join(configDir, 'tests'));
  const tools = { runbooks, digest: await wiring.digest(), expression: await wiring.expression() };
  const known = { system, runbooks: Object.values(runbooks).map((one) => one.runbook) };
  const played: Played[] = [];
  const read = files.map((file) => scenesOf(file, known, out.say));
  for (const scene of read.flatMap((one) => one.scenes)) played.push(await playScene(system, scene, tools));
  const runs: PlayedRun[] = [];
  const open = await wiring.rehearsal({ system, runbooks });
  for (const scene of read.flatMap((one) => one.runbookScenes)) {
    const onKill = progress(context, scene.name);
    runs.push(await judgeScene(scene, { open, everyBoundary: typed.options['everyBoundary'] === true, onKill }));
  }
  const nameOf = (scope: string): string => system.organizations.find((one) => one.id === scope)?.name ?? scope;
  const { colour, marks, width } = out;
  const result = scenesJson({ played, runs });
  out.data(result, () => scenesText({ played, runs }, system, { colour, marks, width, lang, nameOf }));
  return result.ok ? EXIT.ok : EXIT.failed;
};

/** A line on stderr, in a terminal alone. */
function progress({ out, lang }: Context, name: string): (done: number, all: number) => void {
  let told = Date.now();
  return (done, all) => {
    if (!out.interactive || Date.now() - told < PROGRESS_MS) return;
    told = Date.now();
    const full = Math.round((done / all) * 20);
    const bar = `${out.marks.full.repeat(full)}${out.marks.empty.repeat(20 - full)}`;
    out.say(`${bar} ${rehearsalWords(lang).kills(done, all, name)}`);
  };
}

function filesIn(folder: string): readonly string[] {
  const found =
    statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(folder).filter((file) => SCENE_FILE.test(file)) : [];
  if (found.length === 0)
    throw new BelayError('BELAY_NOT_FOUND', `There are no scenes in ${shown(folder)}.`, {
      hint: 'Write tests/<name>.scene.yaml, see docs/guides/trust.md; or name the files.',
    });
  return found.sort().map((file) => join(folder, file));
}

/** @throws BELAY_NOT_FOUND, BELAY_CONFIG_INVALID after saying every error with its place */
function scenesOf(
  file: string,
  { system, runbooks }: { readonly system: System; readonly runbooks: readonly Runbook[] },
  say: (line: string) => void,
): SceneFile {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new BelayError('BELAY_NOT_FOUND', `${shown(file)} cannot be read.`, {
      hint: 'Name a file that is there: belay test tests/…',
      cause,
    });
  }
  const read = readScenes(shown(file), content, system, runbooks);
  const { diagnostics } = read;
  if (diagnostics.length > 0) say(renderDiagnostics(diagnostics, { linesOf: () => content.split('\n') }).trimEnd());
  if (diagnostics.some((one) => one.severity === 'error'))
    throw new BelayError('BELAY_CONFIG_INVALID', `The scenes in ${shown(file)} have errors.`, { hint: 'Mend what is listed above.' });
  return read;
}

const shown = (file: string): string => {
  const short = relative(process.cwd(), file);
  return short === '' || short.startsWith('..') ? file : short;
};

/** Nothing is reached: what belay.yaml takes from the environment may be anything of the right form. */
function placeholders(configDir: string): Readonly<Record<string, string>> {
  const file = join(configDir, 'belay.yaml');
  const yaml = statSync(file, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(file, 'utf8') : '';
  const names = [...yaml.matchAll(/\{env\.(\w+)\}/g)].map((match) => match[1] ?? '');
  return Object.fromEntries(names.map((name) => [name, placeholder(name)]));
}

function placeholder(name: string): string {
  if (name.endsWith('_URL')) return 'http://127.0.0.1:1';
  if (name.endsWith('_PORT')) return '1';
  return name.endsWith('_ADDRESS') ? '127.0.0.1:1' : 'cGxhY2Vob2xkZXI=';
}
