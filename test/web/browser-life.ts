// The life of a Belay that looks at a page and is killed meanwhile: started by a test, with the program and the address.
import { createChromium } from '../../src/adapters/chromium/index.ts';
import { createNet } from '../../src/adapters/http/index.ts';
import { createProcesses } from '../../src/adapters/process/index.ts';
import { realTime } from '../server/story.ts';

const [, , executablePath = '', url = ''] = process.argv;
const net = createNet({ allow: ['127.0.0.1'] });
const browsers = createChromium({ executablePath, lang: 'en' }, { net, processes: createProcesses(), time: realTime() });
await browsers.visit({ origins: [url], timeoutMs: 60_000, limitMs: 60_000, hide: async (text) => text }, async (visit) => {
  await visit.carryOut({ name: 'page', does: 'open', url: `${url}/login` });
  await visit.carryOut({ name: 'never', does: 'see', sight: { text: 'never' }, gone: false });
});
