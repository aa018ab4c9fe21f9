// A real Chromium, driven over its debugging pipe: started for one visit with a profile of its own, and ended behind it. What is done in it
// and what must come of it is said by domain/browser-step.ts.
import { existsSync } from 'node:fs';
import type { BrowserOptions } from '../../domain/browser-step.ts';
import { BelayError } from '../../domain/errors.ts';
import type { Lang } from '../../domain/system.ts';
import type { Browsers } from '../../ports/browser.ts';
import type { Net } from '../../ports/net.ts';
import type { Processes } from '../../ports/process.ts';
import type { Time } from '../../ports/time.ts';
import { start } from './launch.ts';
import { createSlots } from './slots.ts';
import { openVisit } from './visit.ts';

export interface ChromiumDeps {
  readonly net: Pick<Net, 'resolve'>;
  readonly processes: Pick<Processes, 'self' | 'inspect' | 'run'>;
  readonly time: Time;
}

export interface ChromiumOptions extends BrowserOptions {
  /** What pages are asked in. */
  readonly lang: Lang;
}

const USUAL = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const VERSION_MS = 10_000;
const LOOKUP_MS = 5_000;

export function createChromium(options: ChromiumOptions, deps: ChromiumDeps): Browsers {
  const slots = createSlots(options.atOnce ?? 2, deps.time);
  const isRoot = process.getuid?.() === 0;
  return {
    find: async () => {
      const path = pathOf(options);
      const { code, stdout, stderr } = await deps.processes.run([path, '--version'], { timeoutMs: VERSION_MS });
      if (code !== 0) throw missing(`${path} ended with ${code}: ${stderr.trim().slice(-200)}`);
      return { path, version: stdout.trim(), sandboxed: !isRoot };
    },
    visit: async (o, work) => {
      const path = pathOf(options);
      // A name is looked up here, judged as every address that Belay asks, and the browser knows this address alone.
      const hosts = await Promise.all([...new Set(o.origins.map((one) => new URL(one).hostname))].map((host) => addressOf(host, deps.net)));
      return slots.held(async () => {
        const started = await start({ path, hosts, lang: options.lang, sandboxed: !isRoot }, deps);
        try {
          const visit = await openVisit(started.browser, o, deps.time);
          return await work({
            ...visit,
            notes: () => [...(isRoot ? ['Chromium ran without its sandbox, because Belay runs as root'] : []), ...visit.notes()],
          });
        } finally {
          await started.end();
        }
      });
    },
  } satisfies Browsers;
}

function pathOf({ executablePath }: BrowserOptions): string {
  const path = executablePath ?? USUAL.find((one) => existsSync(one));
  if (path !== undefined && existsSync(path)) return path;
  throw missing(executablePath === undefined ? 'there is no Chromium on this machine' : `there is no ${executablePath}`);
}

const missing = (message: string): BelayError =>
  new BelayError('BELAY_PROCESS_FAILED', message, {
    hint: 'Install it (apt-get install chromium), or say where it is in belay.yaml: browser: { executablePath: /opt/chrome/chrome }',
  });

async function addressOf(host: string, net: Pick<Net, 'resolve'>): Promise<readonly [string, string]> {
  const plain = host.replace(/^\[|\]$/g, '');
  const { addresses } = await net.resolve({ name: plain, timeoutMs: LOOKUP_MS });
  const address = addresses.find((one) => !one.includes(':')) ?? addresses[0] ?? plain;
  return [host, address.includes(':') ? `[${address}]` : address];
}
