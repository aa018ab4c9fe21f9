// The flow switch contract on the fake and on a real file.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFlowFile } from '../../../src/adapters/flow-file/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { flowSwitchContract } from '../../contracts/flow-switch.ts';
import { createFakeFlowSwitch } from '../../world/fakes/flow-switch.ts';

const FLOWS = { acme: 'stable', globex: 'stable', initech: 'stable' };
const processes = createProcesses();

flowSwitchContract('a file', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'belay-flow-'));
  const file = join(dir, 'flows.json');
  await writeFile(file, JSON.stringify(FLOWS, null, 2));
  const flows = async () => JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  return {
    flow: createFlowFile({ file: 'flows.json', values: ['stable', 'next'] }, { time: systemTime, processes, baseDir: dir }),
    flows,
    put: async (org, value) => {
      await writeFile(`${file}.other`, JSON.stringify({ ...(await flows()), [org]: value }, null, 2));
      await rename(`${file}.other`, file);
    },
    close: () => rm(dir, { recursive: true }),
  };
});

flowSwitchContract('the fake', async () => {
  const flow = createFakeFlowSwitch({ flows: FLOWS, values: ['stable', 'next'], now: () => Date.now() });
  return { flow, flows: async () => flow.flows(), put: async (org, value) => flow.put(org, value), close: async () => undefined };
});
