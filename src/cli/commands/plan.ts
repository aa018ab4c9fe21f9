// `belay plan`: what a runbook would do now, and the hash that stands for exactly that. It changes nothing.
import type { Run } from '../context.ts';
import { planFromFiles, planFromServer } from '../plan-of.ts';
import { planText } from '../plan-text.ts';
import { livingServer } from '../server-file.ts';
import { clean } from '../text-layout.ts';
import { argsText, shortHash } from '../value-text.ts';
import { wordsOf } from '../words.ts';

export const run: Run = async (context, typed) => {
  const { out, lang, data, dataDir, reach } = context;
  const lives = livingServer(dataDir) !== null;
  const plan = lives ? await planFromServer(await reach(), typed, context) : await planFromFiles(context, typed);
  out.data(plan, () => planText(clean(plan), { ...out, width: out.width, lang }));
  if (!lives) out.say(`\nNo Belay runs on ${data}: this is what the files here say, and what is measured was not asked.`);
  const inputs = Object.entries(plan.inputs).map(([name, value]) =>
    name === 'org' ? ` --org ${String(value)}` : ` --input ${argsText({ [name]: value })}`,
  );
  out.say(
    `${lives ? '\n' : ''}${wordsOf(lang).runThis}: belay run ${plan.runbook}${inputs.join('')} --plan ${shortHash(plan.planHash)}${lives ? '' : '   (after: belay up)'}`,
  );
  return undefined;
};
