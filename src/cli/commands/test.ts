// `belay test`: plays the scenes of a folder through the detection of production. It needs no server, no store, no source and no secret.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { renderDiagnostics } from '../../config/diagnostics.ts';
import { readScenes } from '../../config/scenes.ts';
import type { ExitCode } from '../../domain/errors.ts';
import { BelayError, EXIT } from '../../domain/errors.ts';
import type { Runbook } from '../../domain/ir.ts';
import type { Scene } from '../../domain/scene.ts';
import type { System } from '../../domain/system.ts';
import { type Played, playScene } from '../../flows/rehearse/scene.ts';
import type { Run } from '../context.ts';
import { loadConfig } from '../load-config.ts';
import { scenesJson, scenesText } from '../scene-text.ts';
import type { Wiring } from '../wiring.ts';

const SCENE_FILE = /\.scene\.ya?ml$/i;

export const run: Run = async ({ out, lang, wiring, configDir }, typed): Promise<ExitCode> => {
  const env = { ...placeholders(configDir), ...wiring.env };
  // Placeholders are no addresses, and nothing is opened.
  const lintTools: Wiring['lintTools'] = async () => ({ ...(await wiring.lintTools()), driverProblem: () => null });
  const { system, runbooks } = await loadConfig(configDir, { ...wiring, env, lintTools }, out.say);
  const files = typed.rest.length > 0 ? typed.rest.map((file) => resolve(file)) : filesIn(join(configDir, 'tests'));
  const tools = { runbooks, digest: await wiring.digest(), expression: await wiring.expression() };
  const known = { system, runbooks: Object.values(runbooks).map((one) => one.runbook) };
  const played: Played[] = [];
  for (const scene of files.flatMap((file) => scenesOf(file, known, out.say))) played.push(await playScene(system, scene, tools));
  const nameOf = (scope: string): string => system.organizations.find((one) => one.id === scope)?.name ?? scope;
  const { colour, marks, width } = out;
  const result = scenesJson(played);
  out.data(result, () => scenesText(played, system, { colour, marks, width, lang, nameOf }));
  return result.ok ? EXIT.ok : EXIT.failed;
};

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
): readonly Scene[] {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new BelayError('BELAY_NOT_FOUND', `${shown(file)} cannot be read.`, {
      hint: 'Name a file that is there: belay test tests/…',
      cause,
    });
  }
  const { scenes, diagnostics } = readScenes(shown(file), content, system, runbooks);
  if (diagnostics.length > 0) say(renderDiagnostics(diagnostics, { linesOf: () => content.split('\n') }).trimEnd());
  if (diagnostics.some((one) => one.severity === 'error'))
    throw new BelayError('BELAY_CONFIG_INVALID', `The scenes in ${shown(file)} have errors.`, { hint: 'Mend what is listed above.' });
  return scenes;
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
  return name.endsWith('_ADDRESS') ? '127.0.0.1:1' : 'cGxhY2Vob2xkZXI=';
}
