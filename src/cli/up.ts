// `belay up`: serves one data directory until it is told to stop. Everything it says goes to stderr.
import { loadConfig } from './load-config.ts';
import { claimServerFile } from './server-file.ts';
import type { Wiring } from './wiring.ts';

export interface UpOptions {
  readonly dataDir: string;
  readonly configDir: string;
  readonly port: number;
  readonly say: (line: string) => void;
}

/** Resolves after an orderly stop (SIGTERM or SIGINT). @throws BELAY_SERVER_RUNNING, BELAY_CONFIG_INVALID, BELAY_STORE_UNAVAILABLE */
export async function runUp(o: UpOptions, wiring: Wiring): Promise<void> {
  const config = await loadConfig(o.configDir, wiring, o.say);
  const claim = claimServerFile(o.dataDir, wiring.version);
  try {
    const stop = stopSignal();
    const databaseUrl = wiring.env['BELAY_DATABASE_URL'];
    const belay = await wiring.openBelay({
      ...config,
      dataDir: o.dataDir,
      port: o.port,
      databaseUrl,
      version: wiring.version,
      env: wiring.env,
      say: o.say,
    });
    claim.update(belay.port);
    o.say(`Belay is up: ${belay.url}`);
    o.say(`Log in (works once): ${belay.loginLink}`);
    o.say(
      `Watching ${config.system.triggers.length} triggers of ${config.system.name} with ${Object.keys(config.runbooks).length} runbooks. Store: ${o.dataDir}`,
    );
    await stop;
    o.say('Stopping after the step in progress.');
    await belay.close();
  } finally {
    claim.release();
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}
