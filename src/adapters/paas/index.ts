// Platforms that build and run what they are given and keep its history: Heroku, Railway and Vercel. One folder, because all are judged by their
// history alone, know no compare-and-set, and bring a release back as a new one.
/** @example createHeroku({ app: 'shop', token, url: 'https://api.heroku.com', timeoutMs: 20_000 }, { http, time }) */

export { createHeroku } from './heroku.ts';
/** @example createRailway({ project, environment, service, token, tokenOf: 'project', url, timeoutMs: 20_000 }, { http, time }) */
export { createRailway } from './railway.ts';
/** @example createRailwayRebuild({ service: 'api', keep, identity, … }, { http, time, kept, digest }) */
export { createRailwayRebuild, type RebuildDeps } from './railway-rebuild.ts';
export { createRailwayService } from './railway-service.ts';
/** @example createVercel({ project: 'shop', token, url: 'https://api.vercel.com', timeoutMs: 20_000 }, { http, time }) */
export { createVercel } from './vercel.ts';
