// Which actions put something else live: asked by the lint, the plan and the guards alike. It does none of them.

/** A release that is named. */
export const RELEASE_SWITCHES: ReadonlySet<string> = new Set(['deploy.rollback', 'deploy.activate']);

/** What stands behind it afterwards is other code. */
export const CODE_SWITCHES: ReadonlySet<string> = new Set([...RELEASE_SWITCHES, 'deploy.revert', 'deploy.commit', 'service.connect']);

/** A release or a flow, wholly or in part; freezing and pausing are not among them. */
export const LIVE_SWITCHES: ReadonlySet<string> = new Set([...CODE_SWITCHES, 'deploy.traffic', 'flow.set']);

/** The old one is gone, and what stands there is another one of the same name. */
export const REMAKES: ReadonlySet<string> = new Set(['service.delete', 'service.create', 'service.connect']);
