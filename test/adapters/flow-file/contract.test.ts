// The flow switch contract on the fake and on a real file.

import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileWriter } from '../../../src/adapters/file-writer/index.ts';
import { createFlowFile } from '../../../src/adapters/flow-file/index.ts';
import { createProcesses } from '../../../src/adapters/process/index.ts';
import { systemTime } from '../../../src/adapters/system/index.ts';
import { createVirtualFlowSwitch } from '../../../src/adapters/virtual/flow-switch.ts';
import { createActions } from '../../../src/flows/actions/index.ts';
import { actionContract } from '../../contracts/action.ts';
import { type FlowSwitchUnderTest, flowSwitchContract } from '../../contracts/flow-switch.ts';

const FLOWS = { acme: 'stable', globex: 'stable', initech: 'stable' };
const processes = createProcesses();

flowSwitchContract('a file', onDisk);

async function onDisk() {
  const dir = await mkdtemp(join(tmpdir(), 'belay-flow-'));
  const file = join(dir, 'flows.json');
  await writeFile(file, JSON.stringify(FLOWS, null, 2));
  const flows = async () => JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  return {
    flow: createFlowFile(
      { file: 'flows.json', values: ['stable', 'next'] },
      { time: systemTime, processes, files: createFileWriter(), baseDir: dir },
    ),
    flows,
    put: async (org: string, value: string) => {
      await writeFile(`${file}.other`, JSON.stringify({ ...(await flows()), [org]: value }, null, 2));
      await rename(`${file}.other`, file);
    },
    close: () => rm(dir, { recursive: true }),
  } satisfies FlowSwitchUnderTest;
}

actionContract('flow.set on a file', async () => {
  const { flow, put, close } = await onDisk();
  await put('acme', 'next');
  const action = createActions({ targets: {}, switches: { checkout: flow }, pause: null as never })['flow.set'];
  if (action === undefined) throw new Error('no action flow.set');
  const interfere = async () => {
    await put('acme', 'stable');
    await flow.get('acme');
    await put('acme', 'next');
  };
  return {
    action,
    args: { switch: 'checkout', org: 'acme', to: 'stable' },
    impossible: { switch: 'checkout', org: 'acme', to: 'x' },
    interfere,
    close,
  };
});

flowSwitchContract('the fake', async () => {
  const flow = createVirtualFlowSwitch({ flows: FLOWS, values: ['stable', 'next'], now: () => Date.now() });
  return { flow, flows: async () => flow.flows(), put: async (org, value) => flow.put(org, value), close: async () => undefined };
});
