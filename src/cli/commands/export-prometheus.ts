// `belay export prometheus`: triggers as rules of Prometheus, with tests for promtool; what cannot be said is told.
import { resolve } from 'node:path';
import type { Exported } from '../../ports/rule-files.ts';
import type { Run } from '../context.ts';
import { textOption } from '../context.ts';
import { loadConfig } from '../load-config.ts';
import { writeNew } from '../new-file.ts';
import { table } from '../text-layout.ts';
import { type Words, wordsOf } from '../words.ts';

export const run: Run = async ({ out, wiring, lang, configDir }, typed) => {
  const words = wordsOf(lang);
  const { system } = await loadConfig(configDir, wiring, (line) => out.say(line));
  const { exportRules } = await wiring.ruleFiles();
  const { files, triggers } = exportRules(system);
  const folder = textOption(typed, 'out');
  const written = folder === undefined ? [] : Object.entries(files).map(([name, text]) => ({ file: resolve(folder, name), text }));
  for (const { file, text } of written) writeNew(file, text);
  out.data({ ok: true, files, triggers, written: written.map(({ file }) => file) }, () =>
    folder === undefined
      ? Object.entries(files)
          .map(([name, text]) => `# ${name}\n${text}`)
          .join('\n')
      : written.map(({ file }) => file).join('\n'),
  );
  out.say(Object.keys(files).length === 0 ? words.exportNothing : report(triggers, words, out.width));
  return undefined;
};

function report(triggers: Exported['triggers'], words: Words, width: number): string {
  const rows = triggers.map(({ trigger, alert, why, tested }) => [
    trigger,
    alert ?? '-',
    why === null ? (tested ? words.exportTested : words.exportUntested) : words[`export.${why}`],
  ]);
  return [words.exportTable.toUpperCase(), ...table(rows, width), '', words.exportWeaker].join('\n');
}
